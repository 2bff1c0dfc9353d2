//! Claims, and what runs say of them.

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::regime::Regime;
use super::run::MeasuredRun;
use crate::stats::estimate::Estimate;
use crate::stats::interval::Interval;

/// What is noticeable: a difference below this decides for no rule.
pub const NOTICEABLE: f64 = 0.05;

/// A rule of folklore.
#[derive(Clone, Copy)]
pub struct Claim {
    /// Its name for programs.
    pub name: &'static str,
    pub text: &'static str,
    /// The scenario and the comparison that decide it.
    pub decided_by: &'static str,
    pub(super) judge: fn(&[MeasuredRun]) -> Vec<Evidence>,
}

/// What the data say of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    Holds,
    DoesNotHold,
    /// These data cannot decide it.
    NotDecidable,
}

impl Ruling {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds here",
            Self::DoesNotHold => "does not hold here",
            Self::NotDecidable => "not decidable",
        }
    }

    /// The ruling on the contrary.
    pub(super) fn opposite(self) -> Self {
        match self {
            Self::Holds => Self::DoesNotHold,
            Self::DoesNotHold => Self::Holds,
            Self::NotDecidable => Self::NotDecidable,
        }
    }
}

/// What one curve says of a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Where it was seen: run and curve.
    pub place: String,
    /// What its server was short of.
    pub regime: Regime,
    /// What follows from it.
    pub ruling: Ruling,
    /// What was seen; `None` where there was nothing to compare.
    pub effect: Option<Effect>,
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Evidence", 5)?;
        fields.serialize_field("place", &self.place)?;
        fields.serialize_field("regime", &self.regime)?;
        fields.serialize_field("ruling", &self.ruling)?;
        fields.serialize_field("says", self.ruling.as_str())?;
        fields.serialize_field("effect", &self.effect)?;
        fields.end()
    }
}

/// A measured effect with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Effect {
    /// What is compared with what, in words.
    pub what: String,
    pub quantity: Quantity,
    #[serde(flatten)]
    pub estimate: Estimate,
    /// How many blocks it rests on, the fewer of two runs.
    pub blocks: usize,
}

impl Effect {
    /// The value with the interval `low` to `high`.
    pub(super) fn new(
        what: String,
        quantity: Quantity,
        (value, low, high): (f64, f64, f64),
        blocks: usize,
    ) -> Self {
        let interval = Some(Interval::between(low, high));
        Self { what, quantity, estimate: Estimate::rounded(value, interval), blocks }
    }
}

/// What kind of number an effect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// One value over another.
    Ratio,
    /// A part of a whole, from 0 to 1.
    Share,
}

/// A claim with all that the runs say of it.
#[derive(Clone)]
pub struct Judged {
    pub claim: Claim,
    /// What each curve says; empty where no run has what it takes.
    pub evidence: Vec<Evidence>,
}

impl Judged {
    /// The ruling over all curves; `None` where they differ.
    pub fn ruling(&self) -> Option<Ruling> {
        Count::of(&self.evidence).ruling()
    }

    /// The ruling over all curves as a sentence.
    pub fn sentence(&self) -> String {
        Count::of(&self.evidence).sentence()
    }

    /// What the curves of each regime say; nothing if all of them say the same.
    pub fn by_regime(&self) -> Vec<OfRegime> {
        let mut regimes: BTreeMap<Regime, Vec<&Evidence>> = BTreeMap::new();
        for evidence in &self.evidence {
            regimes.entry(evidence.regime).or_default().push(evidence);
        }
        if regimes.len() < 2 || self.ruling().is_some() {
            return Vec::new();
        }
        let of_regime = |(regime, evidence): (Regime, Vec<&Evidence>)| OfRegime {
            regime,
            count: Count::of(evidence),
        };
        regimes.into_iter().map(of_regime).collect()
    }

    /// Whether there is anything that was compared.
    pub fn has_effect(&self) -> bool {
        self.evidence.iter().any(|evidence| evidence.effect.is_some())
    }
}

/// For how many curves a claim holds, and for how many it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Count {
    holds: usize,
    fails: usize,
}

impl Count {
    fn of<'a>(evidence: impl IntoIterator<Item = &'a Evidence>) -> Self {
        let mut count = Self { holds: 0, fails: 0 };
        for evidence in evidence {
            match evidence.ruling {
                Ruling::Holds => count.holds += 1,
                Ruling::DoesNotHold => count.fails += 1,
                Ruling::NotDecidable => {}
            }
        }
        count
    }

    /// `None` where it depends.
    fn ruling(self) -> Option<Ruling> {
        match (self.holds, self.fails) {
            (0, 0) => Some(Ruling::NotDecidable),
            (_, 0) => Some(Ruling::Holds),
            (0, _) => Some(Ruling::DoesNotHold),
            _ => None,
        }
    }

    fn sentence(self) -> String {
        let Self { holds, fails } = self;
        let depends = || format!("It depends: holds for {holds}, does not hold for {fails}.");
        self.ruling().map_or_else(depends, |ruling| capital(ruling.as_str()))
    }
}

/// What the curves of one regime say of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfRegime {
    pub regime: Regime,
    count: Count,
}

impl fmt::Display for OfRegime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Count { holds, fails } = self.count;
        write!(f, "{}: ", self.regime.as_str())?;
        match (holds, fails) {
            (0, 0) => f.write_str("not decidable"),
            (_, 0) => write!(f, "holds ({holds})"),
            (0, _) => write!(f, "does not hold ({fails})"),
            _ => write!(f, "holds for {holds}, does not hold for {fails}"),
        }
    }
}

impl Serialize for OfRegime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("OfRegime", 3)?;
        fields.serialize_field("regime", &self.regime)?;
        fields.serialize_field("holds", &self.count.holds)?;
        fields.serialize_field("does_not_hold", &self.count.fails)?;
        fields.end()
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    format!("{}{}.", first.map(String::from_iter).unwrap_or_default(), letters.as_str())
}

impl PartialEq for Judged {
    fn eq(&self, other: &Self) -> bool {
        self.claim.name == other.claim.name && self.evidence == other.evidence
    }
}

impl fmt::Debug for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { claim, evidence } = self;
        f.debug_struct("Judged").field("claim", &claim.name).field("evidence", evidence).finish()
    }
}

impl Serialize for Judged {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Judged", 7)?;
        fields.serialize_field("claim", self.claim.name)?;
        fields.serialize_field("text", self.claim.text)?;
        fields.serialize_field("decided_by", self.claim.decided_by)?;
        match self.ruling() {
            Some(ruling) => fields.serialize_field("ruling", &ruling)?,
            None => fields.serialize_field("ruling", "mixed")?,
        }
        fields.serialize_field("says", &self.sentence())?;
        fields.serialize_field("by_regime", &self.by_regime())?;
        fields.serialize_field("evidence", &self.evidence)?;
        fields.end()
    }
}
