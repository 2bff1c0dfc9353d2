//! What a container has used.

use bollard::Docker;
use bollard::models::ContainerStatsResponse;
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::StreamExt;

use crate::record::LoadSample;

/// What the engine says that a container has used since its start.
pub(super) async fn stats(docker: Docker, id: String) -> Option<LoadSample> {
    let options = StatsOptionsBuilder::default().stream(false).one_shot(true).build();
    let seen = docker.stats(&id, Some(options)).next().await?.ok()?;
    usage(&seen)
}

fn usage(seen: &ContainerStatsResponse) -> Option<LoadSample> {
    let cpu = seen.cpu_stats.as_ref()?;
    let io = seen.blkio_stats.as_ref().and_then(|io| io.io_service_bytes_recursive.as_ref());
    let bytes = |operation: &str| {
        let of_operation = io?.iter().filter(|entry| {
            entry.op.as_deref().is_some_and(|op| op.eq_ignore_ascii_case(operation))
        });
        Some(of_operation.filter_map(|entry| entry.value).sum())
    };
    Some(LoadSample {
        container_cpu_ns: cpu.cpu_usage.as_ref()?.total_usage,
        container_throttled_ns: cpu.throttling_data.as_ref().and_then(|held| held.throttled_time),
        container_memory_bytes: seen.memory_stats.as_ref().and_then(|memory| memory.usage),
        container_read_bytes: bytes("read"),
        container_written_bytes: bytes("write"),
        ..LoadSample::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_tells_what_a_container_used() {
        let said = r#"{
            "cpu_stats": {
                "cpu_usage": { "total_usage": 7000 },
                "throttling_data": { "throttled_time": 500 }
            },
            "memory_stats": { "usage": 4096 },
            "blkio_stats": { "io_service_bytes_recursive": [
                { "major": 254, "minor": 0, "op": "Read", "value": 1 },
                { "major": 254, "minor": 16, "op": "read", "value": 2 },
                { "major": 254, "minor": 0, "op": "Write", "value": 8 },
                { "major": 254, "minor": 0, "op": "Total", "value": 11 }
            ] }
        }"#;
        let sample = usage(&serde_json::from_str(said).unwrap()).unwrap();
        let expected = LoadSample {
            container_cpu_ns: Some(7000),
            container_throttled_ns: Some(500),
            container_memory_bytes: Some(4096),
            container_read_bytes: Some(3),
            container_written_bytes: Some(8),
            ..LoadSample::default()
        };
        assert_eq!(sample, expected);
        assert_eq!(usage(&ContainerStatsResponse::default()), None, "absent, and not zero");
    }
}
