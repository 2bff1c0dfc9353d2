//! What this machine is.

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use crate::record::Host;

/// What is recorded of this machine.
pub fn host() -> Host {
    let kind = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing())
        .with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(kind);
    let unknown = || "unknown".to_owned();
    Host {
        os: System::long_os_version().unwrap_or_else(unknown),
        kernel: System::kernel_version().unwrap_or_else(unknown),
        cpu_model: system.cpus().first().map_or_else(unknown, |cpu| cpu.brand().trim().to_owned()),
        cores: std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32),
        memory_bytes: system.total_memory(),
    }
}

/// The name by which this machine knows itself.
pub(super) fn name() -> Option<String> {
    System::host_name().filter(|name| !name.is_empty())
}
