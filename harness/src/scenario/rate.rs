//! How many transactions a workload begins in a second, which may change while a
//! restore runs.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quantity::Span;

/// Transactions a second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "give transactions a second, such as 50, or steps: [{ for = \"10s\", per_second = 50 }, { per_second = 100 }]"
)]
pub enum Rate {
    Constant(f64),
    /// One after the other from the start of each restore. The first holds before it too.
    Steps(Vec<RateStep>),
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateStep {
    pub per_second: f64,
    /// Without it, until the end of the restore; only the last step may lack it. If that
    /// has it too, the steps begin again.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
}

impl Rate {
    /// The rate before a restore and at its start.
    pub fn first(&self) -> f64 {
        self.steps().next().map_or(0.0, |step| step.per_second)
    }

    /// The rate that is the hardest to hold.
    pub fn highest(&self) -> f64 {
        match self {
            Self::Constant(rate) => *rate,
            Self::Steps(steps) => steps.iter().map(|step| step.per_second).fold(0.0, f64::max),
        }
    }

    /// The steps of a restore that never ends. The one without a duration is the last.
    pub fn steps(&self) -> Box<dyn Iterator<Item = RateStep> + Send> {
        match self {
            Self::Constant(rate) => {
                Box::new(std::iter::once(RateStep { per_second: *rate, lasts: None }))
            }
            Self::Steps(steps) if steps.iter().all(|step| step.lasts.is_some()) => {
                Box::new(steps.clone().into_iter().cycle())
            }
            Self::Steps(steps) => Box::new(steps.clone().into_iter()),
        }
    }

    /// What is wrong with it.
    pub fn flaw(&self) -> Option<String> {
        let Self::Steps(steps) = self else { return flaw_of(self.first()) };
        let Some((_, all_but_last)) = steps.split_last() else {
            return Some("workload.rate has no steps: give at least one".to_owned());
        };
        if all_but_last.iter().any(|step| step.lasts.is_none()) {
            return Some("workload.rate: only the last step may lack \"for\"".to_owned());
        }
        let least = steps.iter().filter_map(|step| step.lasts).min();
        if least.is_some_and(|least| least.get() < RateStep::LEAST.get()) {
            return Some(format!(
                "workload.rate: a step lasts {} at least, as starting pgbench takes its time",
                RateStep::LEAST
            ));
        }
        steps.iter().find_map(|step| flaw_of(step.per_second))
    }

    /// The same for restores that take less: each step lasts this share of what it did.
    #[must_use]
    pub fn shortened(&self, factor: f64) -> Self {
        let Self::Steps(steps) = self else { return self.clone() };
        let shorter = |span: Span| {
            let least = span.get().min(RateStep::LEAST.get());
            Span::from(span.get().mul_f64(factor).max(least))
        };
        Self::Steps(
            steps.iter().map(|step| RateStep { lasts: step.lasts.map(shorter), ..*step }).collect(),
        )
    }
}

impl RateStep {
    const LEAST: Span = Span::from_secs(1);
}

fn flaw_of(rate: f64) -> Option<String> {
    let holds = rate > 0.0 && rate <= 1e6;
    (!holds).then(|| format!("workload.rate {rate}: give transactions a second, above 0"))
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(rate) => write!(f, "{rate}"),
            Self::Steps(steps) => {
                for (place, step) in steps.iter().enumerate() {
                    let comma = if place == 0 { "" } else { ", then " };
                    write!(f, "{comma}{}", step.per_second)?;
                    if let Some(span) = step.lasts {
                        write!(f, " for {span}")?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        Self::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> Rate {
        #[derive(Deserialize)]
        struct File {
            rate: Rate,
        }
        toml::from_str::<File>(&format!("rate = {text}")).unwrap().rate
    }

    #[test]
    fn a_rate_is_a_number_or_steps() {
        assert_eq!(steps("50"), Rate::Constant(50.0));
        let changing = steps("[{ for = \"10s\", per_second = 50 }, { per_second = 25.5 }]");
        assert_eq!(changing.to_string(), "50 for 10s, then 25.5");
        assert_eq!((changing.first(), changing.highest()), (50.0, 50.0));
        let json = serde_json::to_string(&changing).unwrap();
        assert_eq!(serde_json::from_str::<Rate>(&json).unwrap(), changing);
        assert_eq!(serde_json::from_str::<Rate>("50.0").unwrap(), Rate::Constant(50.0));
    }

    #[test]
    fn steps_begin_again_unless_the_last_one_holds_on() {
        let rates = |rate: Rate| rate.steps().take(5).map(|s| s.per_second).collect::<Vec<_>>();
        let around = steps("[{ for = \"1s\", per_second = 1 }, { for = \"2s\", per_second = 2 }]");
        assert_eq!(rates(around), [1.0, 2.0, 1.0, 2.0, 1.0]);
        let ends = steps("[{ for = \"1s\", per_second = 1 }, { per_second = 2 }]");
        assert_eq!(rates(ends), [1.0, 2.0]);
    }

    #[test]
    fn flaws_are_told() {
        for (text, expected) in [
            ("0", "above 0"),
            ("[]", "no steps"),
            ("[{ per_second = 1 }, { per_second = 2 }]", "only the last"),
            ("[{ for = \"10ms\", per_second = 1 }]", "1s at least"),
            ("[{ for = \"1s\", per_second = -1 }]", "above 0"),
        ] {
            assert!(steps(text).flaw().unwrap().contains(expected), "{text}");
        }
        assert_eq!(steps("[{ for = \"1s\", per_second = 1 }]").flaw(), None);
    }
}
