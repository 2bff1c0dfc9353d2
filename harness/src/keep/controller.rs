//! How many workers a restore may keep busy, by how near the nearest limit is.
//!
//! Everything that is read is a *pressure*: a reading as a share of its limit, above 1 where the
//! limit is not kept. What production feels is read, not what the restore takes, so that harm
//! never looks like room. Two speeds:
//!
//! - [`Controller::react`], at every probe: beyond the limit no data is sent; well within it, data
//!   flows again. Nothing that runs is killed.
//! - [`Controller::decide`], once in a period: fewer workers where the limit is not kept again and
//!   again, more where there is room. Up by doubling until a first breach; then between the most
//!   that was kept and the least that was not, like a bisection. What was not kept is tried again
//!   after a while, and that while doubles; sooner, if the pressure has fallen by itself.
//!
//! Sources and figures: docs/live.md.

use restore_core::control::Flow;

/// Data flows again below this share of the limit.
const REOPEN: f64 = 0.8;

/// A breach by so much is acted on at once; a smaller one when it lasts.
const HARD: f64 = 1.25;

/// Periods of a small breach before workers are taken away.
const PATIENCE: u32 = 2;

/// More workers are tried only if, by proportion, the limit would still be kept.
const ROOM: f64 = 1.0;

/// Periods until a number of workers that was not kept is tried again, at first and at most.
const RETRY: u32 = 20;
const LONGEST_RETRY: u32 = 320;

/// The pressure fell by itself if it is below this share of what it was.
const FALLEN: f64 = 0.7;

/// Readings in a row that must say so.
const AGREEING: u32 = 2;

/// The slowest pace of a stream, in percent.
const FLOOR: u8 = 10;

/// What a restore may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    pub jobs: u32,
    pub flow: Flow,
    /// Of builds that begin from now on; `None` for as many as there would be.
    pub parallel_workers: Option<u32>,
}

/// A number of workers that did not keep the limits.
#[derive(Debug, Clone, Copy)]
struct Ceiling {
    jobs: u32,
    /// Periods until it is tried again.
    wait: u32,
    /// How long it waited the last time.
    waited: u32,
    /// The pressure below it, smoothed.
    usual: Option<f64>,
    /// Readings in a row that were far below the usual.
    fallen: u32,
}

/// Decides by pressures; see the module.
#[derive(Debug, Clone)]
pub struct Controller {
    most: u32,
    /// The pressure before the restore.
    idle: f64,
    jobs: u32,
    /// The most that kept the limits.
    kept: u32,
    /// Whether the number of workers doubles: until it meets a bound.
    doubles: bool,
    ceiling: Option<Ceiling>,
    /// Periods in a row in which a limit was not kept.
    breaches: u32,
    /// Whether no data is sent until the pressure falls.
    shut: bool,
    /// The pace while data is sent.
    pace: u8,
}

impl Controller {
    /// Begins with one worker. `idle` is the pressure before the restore.
    pub fn new(most: u32, idle: f64) -> Self {
        Self {
            most: most.max(1),
            idle,
            jobs: 1,
            kept: 0,
            doubles: true,
            ceiling: None,
            breaches: 0,
            shut: false,
            pace: 100,
        }
    }

    /// Workers at most.
    pub fn most(&self) -> u32 {
        self.most
    }

    /// Lets so many workers be busy at most, from now on.
    pub fn set_most(&mut self, most: u32) {
        self.most = most.max(1);
        self.jobs = self.jobs.min(self.most);
        self.kept = self.kept.min(self.most);
        self.ceiling = self.ceiling.filter(|ceiling| ceiling.jobs <= self.most);
    }

    /// What holds now.
    pub fn setting(&self) -> Setting {
        let flow = if self.shut { Flow::SHUT } else { self.pace() };
        // Builds that begin while it is tight begin alone.
        let is_tight = self.breaches > 0 || self.ceiling.is_some();
        Setting { jobs: self.jobs, flow, parallel_workers: is_tight.then_some(0) }
    }

    fn pace(&self) -> Flow {
        Flow::percent(self.pace).unwrap_or(Flow::OPEN)
    }

    /// Shuts or opens the streams, whatever the workers do: shuts them by the pressure that the
    /// limit is about, and opens them by the pressure `now`, which forgets sooner.
    pub fn react(&mut self, pressure: f64, now: f64) -> Setting {
        if self.shut {
            self.shut = now > REOPEN;
        } else {
            self.shut = pressure > 1.0;
        }
        self.setting()
    }

    /// Decides for the next period. `pressure` is the greatest of all limits over the last one,
    /// `busy` how many workers were: those that are too many finish what they do, and until then
    /// the pressure says nothing of what was decided.
    pub fn decide(&mut self, pressure: f64, busy: u32) -> Setting {
        if busy > self.jobs {
            return self.setting();
        }
        if pressure > 1.0 {
            self.breaches += 1;
            // What was never kept is given up at the first breach.
            let is_new = self.jobs > self.kept;
            if is_new || pressure > HARD || self.breaches >= PATIENCE {
                self.lower();
            }
        } else {
            self.breaches = 0;
            self.kept = self.kept.max(self.jobs);
            self.raise(pressure);
        }
        self.setting()
    }

    fn lower(&mut self) {
        self.breaches = 0;
        self.doubles = false;
        if self.jobs == 1 {
            self.pace = (self.pace / 2).max(FLOOR);
            return;
        }
        let waited = match self.ceiling {
            // It was tried again, and is still too much.
            Some(ceiling) if ceiling.jobs <= self.jobs => (ceiling.waited * 2).min(LONGEST_RETRY),
            Some(ceiling) => ceiling.waited,
            None => RETRY,
        };
        let (wait, usual, fallen) = (waited, None, 0);
        self.ceiling = Some(Ceiling { jobs: self.jobs, wait, waited, usual, fallen });
        // What was kept before, if it is less, is safe.
        self.kept = self.kept.min(self.jobs - 1);
        self.jobs = self.kept.max(1);
    }

    fn raise(&mut self, pressure: f64) {
        if self.pace < 100 {
            self.pace = (self.pace * 2).min(100);
            return;
        }
        let next = match &mut self.ceiling {
            None if self.doubles => self.jobs * 2,
            None => self.jobs + 1,
            Some(ceiling) => {
                if ceiling.has_fallen(pressure) {
                    self.ceiling = None;
                    self.jobs + 1
                } else if self.jobs + 1 < ceiling.jobs {
                    // Bisects; with one between, that one.
                    self.jobs.midpoint(ceiling.jobs)
                } else {
                    ceiling.wait = ceiling.wait.saturating_sub(1);
                    if ceiling.wait > 0 {
                        return;
                    }
                    ceiling.wait = ceiling.waited;
                    ceiling.jobs
                }
            }
        };
        let affordable = self.affordable(pressure);
        self.doubles &= next <= affordable;
        let next = next.min(self.most).min(affordable);
        self.jobs = self.jobs.max(next);
        if self.ceiling.is_some_and(|ceiling| ceiling.jobs <= self.kept) {
            // It is kept now.
            self.ceiling = None;
        }
    }

    /// The most workers that would keep the limits if the pressure above the idle one grew in
    /// proportion to them.
    fn affordable(&self, pressure: f64) -> u32 {
        let own = (pressure - self.idle).max(0.0) / f64::from(self.jobs);
        if own <= 0.0 {
            return u32::MAX;
        }
        ((ROOM - self.idle).max(0.0) / own).floor() as u32
    }
}

impl Ceiling {
    /// Takes notice of a pressure below the ceiling, and tells whether it has fallen by itself.
    fn has_fallen(&mut self, pressure: f64) -> bool {
        const SMOOTHING: f64 = 0.2;

        let usual = *self.usual.get_or_insert(pressure);
        if pressure < usual * FALLEN {
            self.fallen += 1;
        } else {
            self.fallen = 0;
            self.usual = Some(usual + SMOOTHING * (pressure - usual));
        }
        self.fallen >= AGREEING
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const SEEDS: u64 = 1000;

    /// Decisions after which a restore has settled.
    const SETTLED: usize = 10;

    /// A server whose pressure grows with the workers, the more the nearer it is to saturation.
    #[derive(Debug, Clone, Copy)]
    struct Server {
        idle: f64,
        /// Workers at which the limit is just kept.
        capacity: f64,
        /// 1 for a straight line.
        exponent: f64,
        noise: f64,
    }

    impl Server {
        fn drawn(random: &mut ChaCha8Rng, noise: f64) -> Self {
            Self {
                idle: random.random_range(0.05..0.5),
                capacity: random.random_range(1.1..16.0),
                exponent: random.random_range(1.0..3.0),
                noise,
            }
        }

        fn pressure(&self, jobs: u32, random: &mut ChaCha8Rng) -> f64 {
            let share = (f64::from(jobs) / self.capacity).powf(self.exponent);
            let noise = 1.0 + self.noise * random.random_range(-1.0..1.0);
            (self.idle + (1.0 - self.idle) * share) * noise
        }

        fn fits(&self, most: u32) -> u32 {
            (self.capacity.floor() as u32).clamp(1, most)
        }
    }

    /// The jobs after each of so many decisions, streams reacting between them.
    fn run(server: Server, most: u32, decisions: usize, random: &mut ChaCha8Rng) -> Vec<u32> {
        let mut controller = Controller::new(most, server.idle);
        let mut jobs = Vec::new();
        for _ in 0..decisions {
            let present = controller.setting().jobs;
            let pressure = server.pressure(present, random);
            controller.react(pressure, pressure);
            jobs.push(controller.decide(pressure, present).jobs);
        }
        jobs
    }

    fn spread(jobs: &[u32]) -> u32 {
        jobs.iter().max().unwrap() - jobs.iter().min().unwrap()
    }

    #[test]
    fn it_settles_within_ten_decisions_on_what_fits() {
        for seed in 0..SEEDS {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let server = Server::drawn(&mut random, 0.0);
            let most = random.random_range(1..17);
            let jobs = run(server, most, 100, &mut random);
            let (fits, settled) = (server.fits(most), &jobs[SETTLED..]);
            assert!(spread(settled) <= 1, "seed {seed}: {server:?}, at most {most}: {jobs:?}");
            let usual = settled.iter().filter(|&&jobs| jobs == fits).count();
            assert!(usual * 10 >= settled.len() * 8, "seed {seed}: {server:?}: {jobs:?}");
        }
    }

    #[test]
    fn noise_of_a_fifth_moves_it_by_one_worker_at_most() {
        for seed in 0..SEEDS {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let server = Server::drawn(&mut random, 0.2);
            let most = random.random_range(1..17);
            let jobs = run(server, most, 100, &mut random);
            let steps = jobs[SETTLED..].windows(2).map(|pair| pair[0].abs_diff(pair[1]));
            assert!(steps.max() <= Some(1), "seed {seed}: {server:?}, at most {most}: {jobs:?}");
        }
    }

    #[test]
    fn harm_to_production_never_looks_like_room() {
        // Clients that wait for their answer before they ask again ask less when they are
        // hurt: what they use of the host falls as the restore takes it from them.
        const PROCESSORS: f64 = 4.0;
        let of_production = |jobs: f64| (PROCESSORS - jobs).max(0.2) * 0.9;
        let latency = |jobs: f64| 3.0 / of_production(jobs);
        // Who follows the load of others climbs: the more harm, the more room it sees.
        let mut follower = 1.0_f64;
        for _ in 0..SETTLED {
            follower = (PROCESSORS - of_production(follower)).clamp(1.0, 16.0).ceil();
        }
        assert!(follower >= 4.0, "{follower}");
        // Who follows the latency does not.
        let limit = 2.0;
        let mut controller = Controller::new(16, latency(0.0) / limit);
        for decision in 0..100 {
            let jobs = controller.setting().jobs;
            let pressure = latency(f64::from(jobs)) / limit;
            assert!(pressure <= 1.0 || decision < SETTLED || jobs <= 3, "{jobs} jobs");
            controller.react(pressure, pressure);
            controller.decide(pressure, jobs);
        }
        let kept = f64::from(controller.setting().jobs);
        assert!(latency(kept) <= limit * 1.01, "{kept}");
    }

    #[test]
    fn it_gives_way_at_once_and_takes_what_becomes_free() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let [busy, quiet] = [3.2, 8.2].map(|capacity| Server {
            idle: if capacity < 4.0 { 0.3 } else { 0.1 },
            capacity,
            exponent: 1.0,
            noise: 0.1,
        });
        let mut controller = Controller::new(8, 0.1);
        let mut decide = |controller: &mut Controller, server: &Server, decisions: usize| {
            for _ in 0..decisions {
                let jobs = controller.setting().jobs;
                let pressure = server.pressure(jobs, &mut random);
                controller.react(pressure, pressure);
                controller.decide(pressure, jobs);
            }
            controller.setting().jobs
        };
        assert!(decide(&mut controller, &quiet, 20) >= 6);
        assert!(decide(&mut controller, &busy, 6) <= 3);
        assert!(decide(&mut controller, &busy, 30) <= 4);
        assert!(decide(&mut controller, &quiet, 20) >= 6);
    }

    #[test]
    fn streams_shut_beyond_the_limit_and_open_well_within_it() {
        let mut controller = Controller::new(4, 0.1);
        assert_eq!(controller.react(0.5, 0.5).flow, Flow::OPEN);
        assert_eq!(controller.react(1.1, 1.1).flow, Flow::SHUT);
        assert_eq!(controller.react(0.9, 0.9).flow, Flow::SHUT, "not yet");
        assert_eq!(controller.react(0.9, 0.7).flow, Flow::OPEN, "it is over");
    }

    #[test]
    fn one_worker_that_is_too_much_is_slowed_down() {
        let mut controller = Controller::new(4, 0.1);
        for _ in 0..20 {
            controller.decide(1.5, 1);
        }
        let setting = controller.setting();
        assert_eq!((setting.jobs, setting.flow.as_percent()), (1, FLOOR));
        assert_eq!(setting.parallel_workers, None, "no breach is open");
        for _ in 0..5 {
            controller.decide(0.3, 1);
        }
        assert_eq!(controller.setting().flow, Flow::OPEN);
    }

    #[test]
    fn workers_that_finish_what_they_do_are_waited_for() {
        let mut controller = Controller::new(8, 0.1);
        for busy in [1, 2, 4] {
            controller.decide(0.2, busy);
        }
        assert_eq!(controller.decide(2.0, 8).jobs, 4);
        for _ in 0..5 {
            assert_eq!(controller.decide(2.0, 8).jobs, 4, "four more are still busy");
        }
    }
}
