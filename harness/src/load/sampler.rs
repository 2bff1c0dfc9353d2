//! One task per trial that looks at regular instants.
//!
//! Time is tokio's monotonic clock: a step of the wall clock changes nothing.
//! The server is asked by a task of its own, since it may be slow or gone: its
//! answer goes into the first row after it came.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::counts::Counts;
use super::engine::EngineStats;
use super::host::HostProbe;
use super::live::LiveLoad;
use super::pace::{Due, Pace};
use super::server::{ServerProbe, ServerReading};
use super::tree::{FirstProcess, ProcessProbe};
use crate::record::LoadSample;
use restore_core::connection::Conninfo;

/// How long the first and the last answer of the server are waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is looked at while a trial runs.
#[derive(Clone)]
pub struct SamplingTarget {
    /// How the server is asked.
    pub server: Conninfo,
    /// The database that is restored into, or dumped.
    pub database: String,
    /// The folder of the server's data, where this machine sees it.
    pub data: Option<PathBuf>,
    /// The archive, or the folder in which it will be made.
    pub archive: PathBuf,
    /// How the server's processes are found.
    pub first_process: FirstProcess,
    /// The statistics of the container engine, for where its containers do not
    /// show in this machine's `/proc`.
    pub engine: Option<EngineStats>,
}

/// What was seen during a trial.
#[derive(Debug, Default)]
pub struct Seen {
    /// The samples, by time.
    pub samples: Vec<LoadSample>,
    /// What could not be read, and why.
    pub notes: Vec<String>,
}

/// A sampler at work. Dropping it ends it.
pub struct Sampling {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Seen>,
    live: watch::Receiver<LiveLoad>,
}

impl Sampling {
    /// Begins to look, every `interval` at first. The trial may start when this
    /// returns: all that counts has been read once.
    pub async fn start(trial: u32, interval: Duration, target: SamplingTarget) -> Self {
        let mut sampler = Sampler::new(trial, target).await;
        sampler.begin().await;
        let (stop, stopped) = oneshot::channel();
        let (live_sender, live) = watch::channel(LiveLoad::default());
        let task = tokio::spawn(sampler.run(Pace::new(interval), stopped, live_sender));
        Self { stop, task, live }
    }

    /// The newest readings, for a person who waits.
    pub fn live(&self) -> LiveLoad {
        *self.live.borrow()
    }

    /// Looks a last time and ends.
    pub async fn stop(self) -> Seen {
        drop(self.stop);
        self.task.await.unwrap_or_default()
    }
}

struct Sampler {
    trial: u32,
    host: HostProbe,
    processes: ProcessProbe,
    server: Asked,
    counts: Counts,
    started: Instant,
    last: Instant,
    seen: Seen,
}

impl Sampler {
    async fn new(trial: u32, target: SamplingTarget) -> Self {
        let mut notes = Vec::new();
        let host = HostProbe::new(target.data.as_deref(), &target.archive, &mut notes);
        let probe = ServerProbe::new(target.server, target.database).await;
        let backend = match target.first_process {
            FirstProcess::OfBackend => probe.backend().await,
            _ => None,
        };
        let processes = ProcessProbe::new(target.first_process, backend, &mut notes);
        let engine = target.engine.filter(|_| !processes.sees_container());
        let now = Instant::now();
        Self {
            trial,
            host,
            processes,
            server: Asked::new(probe, engine),
            counts: Counts::new(),
            started: now,
            last: now,
            seen: Seen { samples: Vec::new(), notes },
        }
    }

    /// Reads what everything later is counted from.
    async fn begin(&mut self) {
        self.server.ask_and_wait().await;
        self.started = Instant::now();
        self.last = self.started;
        self.sample(Due::ALL);
    }

    async fn run(
        mut self,
        mut pace: Pace,
        mut stopped: oneshot::Receiver<()>,
        live: watch::Sender<LiveLoad>,
    ) -> Seen {
        let mut due = self.started;
        loop {
            let (interval, reads) = pace.next();
            // After a stall the next sample is an interval away: a burst of
            // samples would show nothing.
            due = (due + interval).max(Instant::now());
            tokio::select! {
                () = sleep_until(due) => {}
                // Told to, or nobody waits any more.
                _ = &mut stopped => break,
            }
            let sample = self.sample(reads);
            live.send_modify(|live| live.take(&sample));
            self.seen.samples.push(sample);
            if reads.sessions || reads.counters {
                self.server.ask(reads.counters);
            }
        }
        self.server.ask_and_wait().await;
        let last = self.sample(Due::ALL);
        self.seen.samples.push(last);
        self.seen.notes.extend(self.server.notes());
        self.seen
    }

    /// Reads all that is due now.
    fn sample(&mut self, reads: Due) -> LoadSample {
        let now = Instant::now();
        let mut sample = LoadSample {
            trial: self.trial,
            at_ns: nanos(now - self.started),
            interval_ns: nanos(now - self.last),
            ..LoadSample::default()
        };
        self.last = now;
        self.host.read(&mut sample);
        self.processes.read(&mut sample, reads.processes, &mut self.seen.notes);
        self.server.put(&mut sample);
        self.counts.subtract(&mut sample);
        sample
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The task that asks the server and, where needed, the container engine.
struct Asked {
    questions: mpsc::Sender<Question>,
    answer: Arc<Mutex<Answer>>,
}

struct Question {
    deep: bool,
    answered: Option<oneshot::Sender<()>>,
}

#[derive(Default)]
struct Answer {
    server: Option<ServerReading>,
    container: Option<LoadSample>,
    notes: Vec<String>,
}

impl Asked {
    fn new(mut server: ServerProbe, engine: Option<EngineStats>) -> Self {
        let (questions, mut asked) = mpsc::channel::<Question>(1);
        let answer = Arc::new(Mutex::new(Answer::default()));
        let place = Arc::clone(&answer);
        tokio::spawn(async move {
            while let Some(question) = asked.recv().await {
                let container = async {
                    match &engine {
                        Some(engine) if question.deep => engine.read().await,
                        _ => None,
                    }
                };
                let (reading, container) = tokio::join!(server.read(question.deep), container);
                let mut answer = place.lock().unwrap_or_else(PoisonError::into_inner);
                answer.server = Some(reading);
                answer.container = container.or(answer.container.take());
                answer.notes.extend(server.take_notes());
                drop(answer);
                if let Some(answered) = question.answered {
                    // Whoever asked may have lost patience.
                    let _ = answered.send(());
                }
            }
        });
        Self { questions, answer }
    }

    /// Asks, unless the last question has not been answered yet.
    fn ask(&self, deep: bool) {
        let _ = self.questions.try_send(Question { deep, answered: None });
    }

    async fn ask_and_wait(&self) {
        let (answered, answer) = oneshot::channel();
        let asked = async {
            let question = Question { deep: true, answered: Some(answered) };
            self.questions.send(question).await.ok()?;
            answer.await.ok()
        };
        // Without an answer these readings are absent.
        let _ = timeout(PATIENCE, asked).await;
    }

    fn put(&self, sample: &mut LoadSample) {
        let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(container) = answer.container.take() {
            sample.container_cpu_ns = container.container_cpu_ns;
            sample.container_throttled_ns = container.container_throttled_ns;
            sample.container_memory_bytes = container.container_memory_bytes;
            sample.container_read_bytes = container.container_read_bytes;
            sample.container_written_bytes = container.container_written_bytes;
        }
        if let Some(reading) = answer.server.take() {
            reading.put(sample);
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut answer.notes)
    }
}
