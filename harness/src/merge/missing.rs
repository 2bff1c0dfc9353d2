//! Which blocks no shard has, and the commands that would run them.

use std::fmt;

use super::part::Part;
use crate::design::Shard;
use crate::scenario::{ConninfoSource, Provider};

/// Blocks that are not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missing {
    /// A shard that is not among the runs.
    Shard { shard: Shard, blocks: Vec<u32>, command: String },
    /// The rest of a shard.
    Rest { run: String, shard: Shard, blocks: Vec<u32>, command: String },
}

impl Missing {
    pub(super) fn blocks(&self) -> &[u32] {
        match self {
            Self::Shard { blocks, .. } | Self::Rest { blocks, .. } => blocks,
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shard { shard, blocks, command } => {
                write!(f, "shard {shard}, with {}: {command}", named(blocks))
            }
            Self::Rest { run, shard, blocks, command } => {
                write!(f, "of shard {shard} in {run} {}: {command}", named(blocks))
            }
        }
    }
}

fn named(blocks: &[u32]) -> String {
    let numbers: Vec<String> = blocks.iter().map(u32::to_string).collect();
    let word = if blocks.len() == 1 { "block" } else { "blocks" };
    format!("{word} {}", numbers.join(", "))
}

/// What is missing of the sweep that these are shards of; by ascending shard.
pub(super) fn of(parts: &[Part]) -> Vec<Missing> {
    let Some(first) = parts.first() else { return Vec::new() };
    let shards = (1..=first.shard.count()).filter_map(|i| Shard::new(i, first.shard.count()).ok());
    shards.filter_map(|shard| of_shard(shard, first, parts)).collect()
}

fn of_shard(shard: Shard, first: &Part, parts: &[Part]) -> Option<Missing> {
    let mut blocks = shard.blocks(first.blocks_of_all());
    let Some(part) = parts.iter().find(|part| part.shard == shard) else {
        let words = ["jobtune", "sweep", "--like"].map(str::to_owned).into_iter();
        let words = words.chain([quoted(first), "--shard".to_owned(), shard.to_string()]);
        return Some(Missing::Shard { shard, blocks, command: command(words, first) });
    };
    let whole = part.whole_blocks();
    blocks.retain(|block| !whole.contains(block));
    let words = ["jobtune", "sweep", "--resume"].map(str::to_owned).into_iter();
    let words = words.chain([quoted(part)]);
    (!blocks.is_empty()).then(|| Missing::Rest {
        run: part.path.display().to_string(),
        shard,
        blocks,
        command: command(words, part),
    })
}

fn quoted(part: &Part) -> String {
    let path = part.path.to_string_lossy();
    shlex::try_quote(&path).map_or_else(|_| path.to_string(), std::borrow::Cow::into_owned)
}

/// With what is recorded nowhere and has to be said again.
fn command(words: impl Iterator<Item = String>, part: &Part) -> String {
    let mut providers = part.record.scenario.variants.iter().map(|of| &of.server.provider);
    let is_told = providers.any(|provider| {
        matches!(provider, Provider::External { conninfo: ConninfoSource::CommandLine, .. })
    });
    let conninfo = is_told.then(|| "--conninfo CONNINFO".to_owned());
    words.chain(conninfo).collect::<Vec<_>>().join(" ")
}
