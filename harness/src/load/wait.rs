//! What the sessions of a database wait for.
//!
//! The names of wait events are those of `pg_stat_activity`, tables "Wait
//! Events of Type ..." of the manual, in 15, 17 and 18: 17 writes `WalSync`
//! where 16 wrote `WALSync`, so that case does not count here.

use crate::record::LoadSample;

/// What an active session waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    Nothing,
    Lock,
    LwLock,
    Io,
    Wal,
    Sync,
    Client,
    Other,
}

impl Wait {
    fn of(kind: Option<&str>, event: Option<&str>) -> Self {
        let event = event.unwrap_or_default().to_ascii_lowercase();
        match kind {
            None => Self::Nothing,
            Some("Lock") => Self::Lock,
            // Held while the WAL is written and synced: whoever waits for it
            // waits for another session's sync.
            Some("LWLock") if event == "walwrite" => Self::Sync,
            Some("LWLock") if event.starts_with("wal") => Self::Wal,
            Some("LWLock") => Self::LwLock,
            Some("IO") if event.ends_with("sync") => Self::Sync,
            Some("IO") if event.starts_with("wal") => Self::Wal,
            Some("IO") => Self::Io,
            Some("Client") => Self::Client,
            Some(_) => Self::Other,
        }
    }
}

/// The sessions of a database at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sessions {
    backends: u64,
    idle: u64,
    active: u64,
    running: u64,
    on_lock: u64,
    on_lwlock: u64,
    on_io: u64,
    on_wal: u64,
    on_sync: u64,
    on_client: u64,
    on_other: u64,
    parallel_workers: u64,
}

impl Sessions {
    /// Counts rows of backend type, state, type and name of the wait event,
    /// and how many sessions have them.
    pub(super) fn of<'a>(rows: impl Iterator<Item = ([Option<&'a str>; 4], u64)>) -> Self {
        let mut all = Self::default();
        for ([kind, state, wait_type, event], count) in rows {
            match kind {
                Some("client backend") => all.backends += count,
                Some("parallel worker") => {
                    all.parallel_workers += count;
                    continue;
                }
                // Hidden from this role, or not of the restore.
                _ => continue,
            }
            match state {
                Some("active") => all.count(Wait::of(wait_type, event), count),
                Some(state) if state.starts_with("idle") => all.idle += count,
                _ => {}
            }
        }
        all
    }

    fn count(&mut self, wait: Wait, count: u64) {
        self.active += count;
        *match wait {
            Wait::Nothing => &mut self.running,
            Wait::Lock => &mut self.on_lock,
            Wait::LwLock => &mut self.on_lwlock,
            Wait::Io => &mut self.on_io,
            Wait::Wal => &mut self.on_wal,
            Wait::Sync => &mut self.on_sync,
            Wait::Client => &mut self.on_client,
            Wait::Other => &mut self.on_other,
        } += count;
    }

    /// Puts them into a sample.
    pub(super) fn put(self, sample: &mut LoadSample) {
        sample.backends = Some(self.backends);
        sample.backends_idle = Some(self.idle);
        sample.backends_active = Some(self.active);
        sample.active_running = Some(self.running);
        sample.active_on_lock = Some(self.on_lock);
        sample.active_on_lwlock = Some(self.on_lwlock);
        sample.active_on_io = Some(self.on_io);
        sample.active_on_wal = Some(self.on_wal);
        sample.active_on_sync = Some(self.on_sync);
        sample.active_on_client = Some(self.on_client);
        sample.active_on_other = Some(self.on_other);
        sample.parallel_workers = Some(self.parallel_workers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_have_a_cause_in_every_major() {
        for (kind, event, wait) in [
            (Some("Lock"), "relation", Wait::Lock),
            (Some("LWLock"), "WALInsert", Wait::Wal),
            (Some("LWLock"), "WALWrite", Wait::Sync),
            (Some("LWLock"), "BufferContent", Wait::LwLock),
            (Some("IO"), "WALSync", Wait::Sync),
            (Some("IO"), "WalSync", Wait::Sync),
            (Some("IO"), "DataFileImmediateSync", Wait::Sync),
            (Some("IO"), "WalWrite", Wait::Wal),
            (Some("IO"), "DataFileExtend", Wait::Io),
            (Some("Client"), "ClientRead", Wait::Client),
            (Some("IPC"), "ParallelCreateIndexScan", Wait::Other),
            (None, "", Wait::Nothing),
        ] {
            assert_eq!(Wait::of(kind, Some(event)), wait, "{kind:?} {event}");
        }
    }

    #[test]
    fn only_the_restores_own_sessions_count() {
        let session =
            |kind, state, wait_type, event, count| ([kind, state, wait_type, event], count);
        let client = Some("client backend");
        let sessions = Sessions::of(
            [
                session(client, Some("active"), None, None, 3),
                session(client, Some("active"), Some("Client"), Some("ClientRead"), 2),
                session(client, Some("idle in transaction"), Some("Client"), None, 1),
                session(client, Some("idle"), Some("Client"), None, 1),
                session(Some("parallel worker"), Some("active"), None, None, 2),
                session(Some("autovacuum worker"), Some("active"), None, None, 1),
                session(None, None, None, None, 1),
            ]
            .into_iter(),
        );
        let expected = Sessions {
            backends: 7,
            idle: 2,
            active: 5,
            running: 3,
            on_client: 2,
            parallel_workers: 2,
            ..Sessions::default()
        };
        assert_eq!(sessions, expected);
    }
}
