use std::fmt;

use alidade_event::{ErrorRecord, ErrorType, Event, RawMessage, Str, Value, field};
use alidade_stellar::{ConfigProblem, Context, Layers, Library, Scope, config_code};
use alidade_triage::{Findings, Triage, Waiting};

use crate::alert::{Verdict, judge};
use crate::compile::StageCompiler;
use crate::group::Variables;
use crate::stage::{Stage, StageKind, fields_of};
use crate::{EnrichmentSettings, SensorEnrichmentConfig};

/// The enrichment of one sensor, compiled. Shared by threads.
pub struct Enricher {
    sensor: Str,
    enrichment: Stage,
    threat_intel: Stage,
    variables: Variables,
    triage: Option<Triage>,
    /// Whether any expression makes remote calls, so that an event may have to wait.
    may_wait: bool,
    warnings: Vec<ConfigProblem>,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnrichOutcome {
    Done,
    /// A remote call has been noted down. The event is unchanged and no error was added: ask again when the answer is
    /// there.
    Pending,
}

impl Enricher {
    /// Compiles a configuration.
    ///
    /// # Errors
    /// Everything in the document that cannot work, with its place.
    pub fn compile(
        sensor: &str,
        config: &SensorEnrichmentConfig,
        settings: &EnrichmentSettings,
        library: &Library,
    ) -> Result<Enricher, Vec<ConfigProblem>> {
        let (enricher, problems) = Enricher::compile_what_works(sensor, config, settings, library);
        if problems.is_empty() {
            Ok(enricher)
        } else {
            Err(problems)
        }
    }

    /// Compiles what can be compiled, for a configuration that is in use although parts of it are broken. Every event
    /// gets an error record for each broken part that it reaches; the rest works.
    pub fn compile_what_works(
        sensor: &str,
        config: &SensorEnrichmentConfig,
        settings: &EnrichmentSettings,
        library: &Library,
    ) -> (Enricher, Vec<ConfigProblem>) {
        let mut findings = Findings::default();
        let mut compiler = StageCompiler {
            settings,
            library,
            findings: &mut findings,
        };
        let enrichment = compiler.stage(
            StageKind::Enrichment,
            &config.enrichment.field_map,
            &config.enrichment.field_to_type_map,
            "/enrichment",
        );
        let threat_intel = compiler.stage(
            StageKind::ThreatIntel,
            &config.threat_intel.field_map,
            &config.threat_intel.field_to_type_map,
            "/threatIntel",
        );
        for (section, map) in [
            ("/enrichment", &config.enrichment.config),
            ("/threatIntel", &config.threat_intel.config),
        ] {
            if map.contains_key("typeToColumnFamily") {
                findings.warning(
                    config_code::NO_EFFECT,
                    &format!("{section}/config/typeToColumnFamily"),
                    "the store has no column families: ignored",
                    "remove it; types are told apart without it",
                );
            }
        }
        let triage = config.threat_intel.triage_config.as_ref().map(|triage| {
            let path = "/threatIntel/triageConfig";
            Triage::compile(sensor, triage, path, library, &mut findings)
        });
        let may_wait = enrichment.has_remote_calls()
            || threat_intel.has_remote_calls()
            || triage.as_ref().is_some_and(Triage::has_remote_calls);
        let enricher = Enricher {
            sensor: Str::new(sensor),
            enrichment,
            threat_intel,
            variables: Variables {
                enrichment: fields_of(&config.enrichment.config),
                threat_intel: fields_of(&config.threat_intel.config),
                sensor: fields_of(&config.configuration),
            },
            triage,
            may_wait,
            warnings: findings.warnings,
        };
        (enricher, findings.problems)
    }

    /// What works, but does less than the configuration seems to say.
    pub fn warnings(&self) -> &[ConfigProblem] {
        &self.warnings
    }

    /// Both stages, the alert decision and triage, on one event.
    ///
    /// What fails costs only its own output, and adds an error record; the event itself always survives. The error
    /// records have no origin: the caller knows it.
    pub fn enrich(
        &self,
        event: &mut Event,
        context: &mut Context<'_>,
        errors: &mut Vec<ErrorRecord>,
    ) -> EnrichOutcome {
        if !self.may_wait {
            return match self.run(event, context, errors) {
                Ok(()) => EnrichOutcome::Done,
                Err(Waiting) => EnrichOutcome::Pending,
            };
        }
        let before = event.clone();
        let known_errors = errors.len();
        match self.run(event, context, errors) {
            Ok(()) => EnrichOutcome::Done,
            Err(Waiting) => {
                *event = before;
                errors.truncate(known_errors);
                EnrichOutcome::Pending
            }
        }
    }

    fn run(
        &self,
        event: &mut Event,
        context: &mut Context<'_>,
        errors: &mut Vec<ErrorRecord>,
    ) -> Result<(), Waiting> {
        let Enricher {
            sensor, variables, ..
        } = self;
        self.enrichment
            .run(sensor, event, variables, context, errors)?;
        // A stage without work only writes the timing fields, and after an idle first stage they are there already.
        if !(self.enrichment.is_idle() && self.threat_intel.is_idle()) {
            self.threat_intel
                .run(sensor, event, variables, context, errors)?;
        }
        match judge(event) {
            Verdict::NoAlert => Ok(()),
            Verdict::Alert => self.triage(event, context, errors),
            Verdict::Denied => {
                event.remove(field::IS_ALERT);
                Ok(())
            }
            Verdict::Unreadable(claim) => {
                errors.push(self.unreadable(&claim, event));
                event.remove(field::IS_ALERT);
                Ok(())
            }
        }
    }

    fn triage(
        &self,
        event: &mut Event,
        context: &mut Context<'_>,
        errors: &mut Vec<ErrorRecord>,
    ) -> Result<(), Waiting> {
        event.set(field::IS_ALERT, Value::Str(Str::new_static("true")));
        let Some(triage) = &self.triage else {
            return Ok(());
        };
        let layers: [&dyn Scope; 3] = [
            &*event,
            &self.variables.sensor,
            &self.variables.threat_intel,
        ];
        let score = triage.score(event, &Layers(&layers), context, errors)?;
        if let Some(score) = score {
            triage.write(score, event);
        }
        Ok(())
    }

    fn unreadable(&self, claim: &Value, event: &Event) -> ErrorRecord {
        let text = format!(
            "is_alert is {}, neither true nor false: the event does not count as an alert",
            claim.to_json()
        );
        ErrorRecord::new(ErrorType::ThreatIntelError, Some(self.sensor.clone()), text)
            .with_raw(RawMessage::Event(event.clone()))
    }
}

impl fmt::Debug for Enricher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Enricher")
            .field("sensor", &self.sensor)
            .field("triage", &self.triage)
            .field("may_wait", &self.may_wait)
            .finish_non_exhaustive()
    }
}
