//! Which columns of a load sample count, and the difference of two readings.

use crate::record::LoadSample;

type Column = fn(&mut LoadSample) -> &mut Option<u64>;

macro_rules! columns {
    ($($name:ident)*) => { [$(|sample: &mut LoadSample| &mut sample.$name),*] };
}

/// The columns whose readings grow from the start of the system or the
/// server; a sample has what was added to them.
const COUNTS: [Column; 38] = columns![
    host_cpu_user_ns host_cpu_system_ns host_cpu_iowait_ns host_cpu_steal_ns host_cpu_idle_ns
    host_cpu_pressure_ns host_io_pressure_ns host_io_full_pressure_ns host_memory_pressure_ns
    host_received_bytes host_sent_bytes
    data_device_read_bytes data_device_written_bytes data_device_reads data_device_writes
    data_device_flushes data_device_busy_ns data_device_wait_ns data_device_queue_ns
    archive_device_read_bytes archive_device_written_bytes archive_device_reads
    archive_device_writes archive_device_busy_ns archive_device_wait_ns archive_device_queue_ns
    container_cpu_ns container_throttled_ns container_read_bytes container_written_bytes
    client_cpu_ns server_cpu_ns
    wal_bytes wal_syncs checkpoints checkpoint_written_bytes backend_written_bytes temporary_bytes
];

/// The last reading of each column that counts.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    last: [Option<u64>; COUNTS.len()],
}

impl Counts {
    /// Nothing read yet.
    pub(super) fn new() -> Self {
        Self { last: [None; COUNTS.len()] }
    }

    /// Turns what was read into what was added since the last reading. Absent
    /// are the first reading of a column, and one that is below the last: a
    /// server that crashed begins to count anew.
    pub(super) fn subtract(&mut self, sample: &mut LoadSample) {
        for (column, last) in COUNTS.iter().zip(&mut self.last) {
            let field = column(sample);
            let Some(now) = *field else { continue };
            *field = last.replace(now).and_then(|before| now.checked_sub(before));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(counts: &mut Counts, wal: Option<u64>) -> Option<u64> {
        let mut sample = LoadSample { wal_bytes: wal, backends: Some(3), ..LoadSample::default() };
        counts.subtract(&mut sample);
        assert_eq!(sample.backends, Some(3), "a state stays as it is");
        sample.wal_bytes
    }

    #[test]
    fn what_was_added_since_the_last_reading() {
        let mut counts = Counts::new();
        assert_eq!(read(&mut counts, Some(100)), None, "there is nothing to subtract from");
        assert_eq!(read(&mut counts, Some(130)), Some(30));
        assert_eq!(read(&mut counts, None), None);
        assert_eq!(read(&mut counts, Some(150)), Some(20), "over the rows without a reading");
        assert_eq!(read(&mut counts, Some(7)), None, "a counter that began anew");
        assert_eq!(read(&mut counts, Some(9)), Some(2));
    }

    /// Each column is either a count or a state: a new one must be sorted in.
    #[test]
    fn every_column_of_time_bytes_or_operations_counts_or_is_a_state() {
        let mut sample = LoadSample::default();
        for column in COUNTS {
            assert_eq!(*column(&mut sample), None, "a column stands here twice");
            *column(&mut sample) = Some(1);
        }
        let json = serde_json::to_value(&sample).unwrap();
        let states: Vec<&String> =
            json.as_object().unwrap().iter().filter(|(_, v)| v.is_null()).map(|(k, _)| k).collect();
        let expected = [
            "host_memory_available_bytes",
            "host_memory_dirty_bytes",
            "host_memory_writeback_bytes",
            "container_memory_bytes",
            "client_memory_bytes",
            "client_processes",
            "server_memory_bytes",
            "server_processes",
            "backends",
            "backends_idle",
            "backends_active",
            "active_running",
            "active_on_lock",
            "active_on_lwlock",
            "active_on_io",
            "active_on_wal",
            "active_on_sync",
            "active_on_client",
            "active_on_other",
            "parallel_workers",
            "copies",
            "copied_bytes",
            "index_builds",
            "database_bytes",
        ];
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        assert_eq!(
            sorted(states.into_iter().cloned().collect()),
            sorted(expected.map(str::to_owned).to_vec())
        );
    }
}
