//! The control socket of a restore: a line is asked, an answer given. Who may write to the socket
//! file may ask, which is its owner.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use restore_core::units::Jobs;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use super::Limit;

/// How long a line may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Request {
    Status,
    Jobs(Jobs),
    Pause,
    Resume,
    Keep(Limit),
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status => f.write_str("status"),
            Self::Jobs(jobs) => write!(f, "jobs {jobs}"),
            Self::Pause => f.write_str("pause"),
            Self::Resume => f.write_str("resume"),
            Self::Keep(limit) => write!(f, "keep {limit}"),
        }
    }
}

impl FromStr for Request {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words[..] {
            ["status"] => Ok(Self::Status),
            ["pause"] => Ok(Self::Pause),
            ["resume"] => Ok(Self::Resume),
            ["jobs", count] => {
                let count = count.parse().ok().and_then(|count| Jobs::new(count).ok());
                count.map(Self::Jobs).ok_or_else(|| format!("{:?} is no number of jobs", words[1]))
            }
            ["keep", limit] => limit.parse().map(Self::Keep),
            _ => Err(format!(
                "{line:?} is no request: give status, jobs N, pause, resume or keep LIMIT"
            )),
        }
    }
}

/// A request that waits for its answer.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) request: Request,
    stream: UnixStream,
}

impl Ask {
    /// Answers; who has gone meanwhile misses it.
    pub(super) async fn answer(mut self, said: Result<String, String>) {
        let text = match said {
            Ok(text) => format!("ok\n{text}\n"),
            Err(text) => format!("error\n{text}\n"),
        };
        let _ = timeout(PATIENCE, self.stream.write_all(text.as_bytes())).await;
    }
}

/// Takes requests. The file goes when this does.
#[derive(Debug)]
pub struct Listener {
    listener: UnixListener,
    path: PathBuf,
}

impl Listener {
    /// Makes the socket, for its owner alone.
    pub fn bind(path: &Path) -> io::Result<Self> {
        use nix::sys::stat::{Mode, umask};

        if std::os::unix::net::UnixStream::connect(path)
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        {
            // A killed restore has left it.
            std::fs::remove_file(path)?;
        }
        let before = umask(Mode::from_bits_truncate(0o177));
        let bound = UnixListener::bind(path);
        umask(before);
        Ok(Self { listener: bound?, path: path.to_owned() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The next request. What is none is answered at once.
    pub(super) async fn next(&self) -> Ask {
        loop {
            let Ok((mut stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(PATIENCE).await;
                continue;
            };
            let mut line = String::new();
            let mut reader = BufReader::new((&mut stream).take(1000));
            let read = timeout(PATIENCE, reader.read_line(&mut line)).await;
            if !matches!(read, Ok(Ok(1..))) {
                continue;
            }
            match line.trim().parse() {
                Ok(request) => return Ask { request, stream },
                Err(error) => Ask { request: Request::Status, stream }.answer(Err(error)).await,
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// How sockets are named: by the process that made them.
const PREFIX: &str = "jobtune-";
const EXTENSION: &str = "sock";

/// Where sockets are made.
fn folder() -> PathBuf {
    std::env::temp_dir()
}

/// Where a restore of this process can be asked, unless the user says another place. What
/// killed restores have left there goes.
pub fn usual() -> PathBuf {
    for path in sockets().unwrap_or_default().iter().filter(|path| is_left(path)) {
        let _ = std::fs::remove_file(path);
    }
    folder().join(format!("{PREFIX}{}.{EXTENSION}", std::process::id()))
}

/// All control sockets in their usual folder.
fn sockets() -> io::Result<Vec<PathBuf>> {
    let is_named = |path: &PathBuf| {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(PREFIX) && path.extension().is_some_and(|of| of == EXTENSION)
    };
    let entries = std::fs::read_dir(folder())?;
    Ok(entries.flatten().map(|entry| entry.path()).filter(is_named).collect())
}

/// Whether nobody answers there, and the process that made it is gone: one that starts has
/// a socket that does not answer yet.
fn is_left(path: &Path) -> bool {
    use nix::errno::Errno;
    use nix::sys::signal::kill;
    use nix::unistd::Pid;

    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let pid = name.strip_prefix(PREFIX).and_then(|number| number.parse().ok());
    let is_gone = pid.is_some_and(|pid| kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH));
    is_gone
        && std::os::unix::net::UnixStream::connect(path)
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// The socket of the only restore that runs here.
pub fn only() -> anyhow::Result<PathBuf> {
    let folder = folder();
    let mut found = sockets()
        .with_context(|| format!("cannot look for control sockets in {}", folder.display()))?;
    // What a killed restore has left answers nobody.
    found.retain(|path| std::os::unix::net::UnixStream::connect(path).is_ok());
    found.sort();
    match &found[..] {
        [only] => Ok(only.clone()),
        [] => bail!(
            "no restore that can be asked runs here: there is no control socket in {}",
            folder.display()
        ),
        several => {
            let names: Vec<_> = several.iter().map(|path| path.display().to_string()).collect();
            bail!("several restores run here: name one with --socket: {}", names.join(", "))
        }
    }
}

/// Asks a restore, and gives its answer.
pub async fn ask(path: &Path, request: Request) -> anyhow::Result<String> {
    let stream = UnixStream::connect(path).await;
    let mut stream = stream
        .with_context(|| format!("cannot ask {}: the restore may have ended", path.display()))?;
    stream.write_all(format!("{request}\n").as_bytes()).await?;
    let mut said = String::new();
    stream.read_to_string(&mut said).await?;
    match said.split_once('\n') {
        Some(("ok", text)) => Ok(text.trim_end().to_owned()),
        Some(("error", text)) => bail!("{}", text.trim_end()),
        _ => bail!("the restore has ended"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "what runs says nothing")]
    fn sockets_of_dead_processes_are_left() {
        let folder = tempfile::tempdir().unwrap();
        let of = |pid: u32| folder.path().join(format!("{PREFIX}{pid}.{EXTENSION}"));
        // A process that has ended, and been waited for.
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        let (dead, own) = (of(ended.id()), of(std::process::id()));
        let listening = std::os::unix::net::UnixListener::bind(&dead).unwrap();
        assert!(!is_left(&dead), "somebody answers");
        drop(listening);
        assert!(is_left(&dead));
        drop(std::os::unix::net::UnixListener::bind(&own).unwrap());
        assert!(!is_left(&own), "its process may just be starting");
        assert!(!is_left(&folder.path().join("jobtune-mine.sock")));
    }

    #[tokio::test]
    async fn a_request_is_answered_and_nonsense_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.sock");
        let listener = Listener::bind(&path).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(&path).unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
        let served = tokio::spawn(async move {
            let ask = listener.next().await;
            let request = ask.request;
            ask.answer(Ok("two\nlines".to_owned())).await;
            request
        });
        let mut raw = UnixStream::connect(&path).await.unwrap();
        raw.write_all(b"dance\n").await.unwrap();
        let mut said = String::new();
        raw.read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with("error\n\"dance\" is no request"), "{said}");
        let jobs = Request::Jobs(Jobs::new(3).unwrap());
        assert_eq!(ask(&path, jobs).await.unwrap(), "two\nlines");
        assert_eq!(served.await.unwrap(), jobs);
        let gone = ask(&path, Request::Status).await.unwrap_err();
        assert!(gone.to_string().contains("may have ended"), "{gone}");
        assert!(!path.exists());
    }
}
