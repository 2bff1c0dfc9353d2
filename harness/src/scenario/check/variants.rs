//! What each variant of a scenario changes.

use restore_core::options::RestoreOptions;
use toml::Spanned;

use super::super::file::VariantFile;
use super::super::procedure::Procedure;
use super::super::{Dataset, Provider, Variant};
use super::server::{NO_DISK_OF_OTHERS, NO_PROXY_OF_OTHERS, check_cpus, settings};
use super::{Check, Flaw, absolute, flaw, is_name_char, procedure};

impl Check<'_> {
    /// The base, what plans make of it, and what `[[variant]]` changes.
    pub(super) fn variants(
        &self,
        base: Variant,
        (written, procedure): (&RestoreOptions, &Procedure),
        files: &[Spanned<VariantFile>],
        of_plans: Vec<Variant>,
    ) -> Result<Vec<Variant>, Flaw> {
        let mut variants = vec![base];
        variants.extend(of_plans);
        for (number, file) in files.iter().enumerate() {
            let span = file.span();
            let file = file.get_ref();
            if file.name.is_empty() || !file.name.chars().all(is_name_char) {
                return flaw(
                    span,
                    format!("{:?} is not a name: use letters, digits, '-' and '_'", file.name),
                );
            }
            if variants.iter().any(|variant| variant.name == file.name) {
                return flaw(span, format!("there are two variants {:?}", file.name));
            }
            let in_variant = |message: String| format!("variant {:?}: {message}", file.name);
            let mut variant = self.variant(&variants[0], file).map_err(|message| Flaw {
                span: Some(span.clone()),
                message: in_variant(message),
            })?;
            if let Some(restore) = &file.restore {
                variant.procedure = procedure::of_variant(procedure, restore);
                let options = self.variant_options(written, restore, number);
                let options = options.and_then(|options| self.options(options, Some(span)));
                variant.options = Some(
                    options.map_err(|flaw| Flaw { message: in_variant(flaw.message), ..flaw })?,
                );
            }
            variants.push(variant);
        }
        Ok(variants)
    }

    /// The variants that the command line names, in the scenario's order.
    pub(super) fn chosen(&self, variants: Vec<Variant>) -> Result<Vec<Variant>, Flaw> {
        let Some(names) = &self.overrides.variants else { return Ok(variants) };
        if let Some(name) = names.iter().find(|name| variants.iter().all(|of| of.name != **name)) {
            let known: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
            let message = format!("there is no variant {name:?}: there are {}", known.join(", "));
            return flaw(None, message);
        }
        Ok(variants.into_iter().filter(|variant| names.contains(&variant.name)).collect())
    }

    fn variant(&self, base: &Variant, file: &VariantFile) -> Result<Variant, String> {
        let mut variant = Variant { name: file.name.clone(), ..base.clone() };
        variant.server.settings.extend(settings(&file.settings));
        if file.latency.is_some() || file.bandwidth.is_some() {
            if matches!(variant.server.provider, Provider::External { .. }) {
                return Err(NO_PROXY_OF_OTHERS.to_owned());
            }
            let base = variant.server.network.unwrap_or_default();
            variant.server.network = Some(base.changed(file.latency, file.bandwidth));
        }
        if let Some(disk) = file.disk {
            if matches!(variant.server.provider, Provider::External { .. }) {
                return Err(NO_DISK_OF_OTHERS.to_owned());
            }
            if let Some(message) = disk.flaw() {
                return Err(message.to_owned());
            }
            variant.server.disk = Some(disk);
        }
        match &mut variant.server.provider {
            Provider::Local { bindir, .. } | Provider::External { bindir, .. } => {
                if file.image.is_some() || file.cpus.is_some() || file.memory.is_some() {
                    return Err("image, cpus and memory need provider \"docker\"".to_owned());
                }
                if let Some(other) = &file.bindir {
                    *bindir = Some(absolute(self.folder, other));
                }
            }
            Provider::Docker { image, cpus, memory } => {
                if file.bindir.is_some() {
                    return Err("bindir needs provider \"local\" or \"external\"".to_owned());
                }
                *cpus = check_cpus(file.cpus).map_err(|flaw| flaw.message)?.or(*cpus);
                *memory = file.memory.or(*memory);
                if let Some(other) = &file.image {
                    image.clone_from(other);
                }
            }
        }
        match file.workload {
            Some(true) if base.workload.is_none() => {
                return Err("there is no [workload] that it could run beside".to_owned());
            }
            Some(false) => variant.workload = None,
            _ => {}
        }
        if let Some(path) = &file.archive {
            if !matches!(base.dataset, Dataset::Archive { .. }) {
                return Err("archive needs a dataset that is an archive too".to_owned());
            }
            variant.dataset = Dataset::Archive { path: absolute(self.folder, path) };
        }
        Ok(variant)
    }
}
