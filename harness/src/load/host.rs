//! What the host does: processors, memory, pressure, network and the devices
//! of the data directory and of the archive. On other systems than Linux there
//! is nothing to read, and every reading is absent.

use std::path::Path;

use super::device::{Device, DeviceId};
use super::procfs::{self, DeviceTimes};
use super::readings::Gauge;
use crate::record::LoadSample;

/// Files of the host, open for reading.
#[derive(Debug)]
pub(super) struct HostProbe {
    stat: Option<Gauge>,
    meminfo: Option<Gauge>,
    cpu_pressure: Option<Gauge>,
    io_pressure: Option<Gauge>,
    memory_pressure: Option<Gauge>,
    network: Option<Network>,
    data: Option<Device>,
    archive: Option<Device>,
}

#[derive(Debug)]
struct Network {
    file: Gauge,
    interfaces: Vec<String>,
}

impl HostProbe {
    /// Opens what there is. `notes` are told of what is not, if it belongs to
    /// this host.
    pub(super) fn new(data: Option<&Path>, archive: &Path, notes: &mut Vec<String>) -> Self {
        let pressure = |resource| Gauge::open(Path::new("/proc/pressure").join(resource));
        let stat = Gauge::open("/proc/stat");
        let io_pressure = pressure("io");
        if stat.is_none() {
            notes.push("this system has no /proc/stat: the host's load is not recorded".to_owned());
        } else if io_pressure.is_none() {
            notes.push("this kernel keeps no pressure stall information (psi=1)".to_owned());
        }
        let data_id = data.and_then(DeviceId::of);
        if let (Some(path), None, Some(_)) = (data, data_id, &stat) {
            let path = path.display();
            notes.push(format!("{path} is on no block device: its reads and writes do not show"));
        }
        let archive_id = DeviceId::of(archive).filter(|&id| Some(id) != data_id);
        Self {
            stat,
            meminfo: Gauge::open("/proc/meminfo"),
            cpu_pressure: pressure("cpu"),
            io_pressure,
            memory_pressure: pressure("memory"),
            network: Network::open(),
            data: data_id.and_then(Device::open),
            archive: archive_id.and_then(Device::open),
        }
    }

    /// Reads everything into `sample`; counts are since the host's start.
    pub(super) fn read(&mut self, sample: &mut LoadSample) {
        if let Some(times) = read(&mut self.stat, Gauge::read_start, procfs::cpu_times) {
            sample.host_cpu_user_ns = Some(times.user);
            sample.host_cpu_system_ns = Some(times.system);
            sample.host_cpu_idle_ns = Some(times.idle);
            sample.host_cpu_iowait_ns = Some(times.iowait);
            sample.host_cpu_steal_ns = Some(times.steal);
        }
        if let Some(text) = self.meminfo.as_mut().and_then(Gauge::read_start) {
            sample.host_memory_available_bytes = procfs::meminfo(text, "MemAvailable");
            sample.host_memory_dirty_bytes = procfs::meminfo(text, "Dirty");
            sample.host_memory_writeback_bytes = procfs::meminfo(text, "Writeback");
        }
        let pressure = |file: &mut Option<Gauge>| {
            file.as_mut().and_then(Gauge::read).map(procfs::pressure).unwrap_or_default()
        };
        (sample.host_cpu_pressure_ns, _) = pressure(&mut self.cpu_pressure);
        (sample.host_memory_pressure_ns, _) = pressure(&mut self.memory_pressure);
        (sample.host_io_pressure_ns, sample.host_io_full_pressure_ns) =
            pressure(&mut self.io_pressure);
        if let Some((received, sent)) = self.network.as_mut().and_then(Network::read) {
            sample.host_received_bytes = Some(received);
            sample.host_sent_bytes = Some(sent);
        }
        if let Some(times) = self.data.as_mut().and_then(Device::read) {
            put_data_device(sample, &times);
        }
        if let Some(times) = self.archive.as_mut().and_then(Device::read) {
            put_archive_device(sample, &times);
        }
    }
}

fn read<'a, T>(
    file: &'a mut Option<Gauge>,
    text: impl FnOnce(&'a mut Gauge) -> Option<&'a str>,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    parse(text(file.as_mut()?)?)
}

fn put_data_device(sample: &mut LoadSample, times: &DeviceTimes) {
    sample.data_device_read_bytes = Some(times.read_bytes);
    sample.data_device_written_bytes = Some(times.written_bytes);
    sample.data_device_reads = Some(times.reads);
    sample.data_device_writes = Some(times.writes);
    sample.data_device_flushes = times.flushes;
    sample.data_device_busy_ns = Some(times.busy_ns);
    sample.data_device_wait_ns = Some(times.wait_ns);
    sample.data_device_queue_ns = Some(times.queue_ns);
}

fn put_archive_device(sample: &mut LoadSample, times: &DeviceTimes) {
    sample.archive_device_read_bytes = Some(times.read_bytes);
    sample.archive_device_written_bytes = Some(times.written_bytes);
    sample.archive_device_reads = Some(times.reads);
    sample.archive_device_writes = Some(times.writes);
    sample.archive_device_busy_ns = Some(times.busy_ns);
    sample.archive_device_wait_ns = Some(times.wait_ns);
    sample.archive_device_queue_ns = Some(times.queue_ns);
}

impl Network {
    /// Interfaces with hardware behind them; bridges and the like would count
    /// the same bytes again.
    fn open() -> Option<Self> {
        let all = std::fs::read_dir("/sys/class/net").ok()?.flatten();
        let interfaces: Vec<String> = all
            .filter(|entry| entry.path().join("device").exists())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        let file = Gauge::open("/proc/net/dev")?;
        (!interfaces.is_empty()).then_some(Self { file, interfaces })
    }

    fn read(&mut self) -> Option<(u64, u64)> {
        let interfaces = &self.interfaces;
        procfs::network(self.file.read()?, |name| interfaces.iter().any(|known| known == name))
    }
}
