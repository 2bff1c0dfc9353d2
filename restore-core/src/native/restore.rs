//! A restore from beginning to end.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_postgres::Client;

use super::budget::{Budget, ServerDefaults};
use super::choices::{Choices, Circumstances};
use super::contents::{Contents, NEWEST_RULES};
use super::context::Context;
use super::crew::Crew;
use super::database::{self, CreatedDatabase};
use super::decide::decide;
use super::dispatch::Dispatcher;
use super::error::NativeError;
use super::gate::Gate;
use super::graph::{Material, TaskGraph};
use super::journal::{Done, Identity, Journal, Progress, digest};
use super::pass::{Limit, PassRun, Steering};
use super::reporter::Reporter;
use super::request::Request;
use super::sql::{ArchiveSettings, SqlSettings, drop_statements, identifier};
use super::summary::{Summary, Tally};
use super::worker::{Outcome, Worker, connect_for};
use crate::connection::{Connection, Conninfo};
use crate::control::Command;
use crate::event::{EventKind, Phase, RestoreEvent};
use crate::options::Opt;
use crate::plan::{Costs, ItemIndex, Pass, Plan};
use crate::selection::{Criteria, Selected};
use crate::toc::{ItemKind, Toc};
use crate::units::{DumpId, Jobs};

/// Restores an archive.
///
/// Errors of single items do not end the restore: the summary has them. What
/// happens meanwhile is told to `events`; `control` steers. If the future is
/// dropped, the server ends what runs, and the restore can be resumed.
pub async fn restore(
    request: Request,
    mut control: mpsc::UnboundedReceiver<Command>,
    events: mpsc::UnboundedSender<RestoreEvent>,
) -> Result<Summary, NativeError> {
    let reporter = Reporter::new(events);
    let began = Instant::now();
    let created = database::create(&request).await?;
    let (target, refused) = match created {
        Some(CreatedDatabase { target, errors }) => (target, errors),
        None => (request.target.clone(), Vec::new()),
    };
    let (context, connection) = prepare(&request, target, reporter).await?;
    let context = Arc::new(context);
    let earlier = context.progress.failures.iter().map(|(_, text)| text.clone()).collect();
    let mut run = Restore {
        limit: Limit::new(request.jobs.as_usize()),
        budget: request.tuning.budget.then(|| Budget::new(context.server_defaults, request.limits)),
        tally: Tally::new(earlier),
        costs: Costs::from_sizes(&context.plan, context.contents.toc()),
        jobs: request.jobs,
        context: Arc::clone(&context),
        control: &mut control,
    };
    run.tell_begin();
    run.tally.errors(&context, refused)?;
    let mut leader = Worker::over(Arc::clone(&context), connection).await?;
    run.clean(&mut leader).await?;
    run.define_pre_data(&mut leader).await?;
    let mut leader = run.pass(leader, Pass::Main, Phase::Main).await?;
    run.define_acls(&mut leader).await?;
    let mut leader = run.pass(leader, Pass::PostAcl, Phase::PostAcl).await?;
    run.restore_missed(&mut leader).await?;
    let refused = database::grant(&request, &context.target).await?;
    run.tally.errors(&context, refused)?;
    run.end(leader, request.analyze).await?;
    Ok(run.tally.finish(began))
}

/// Connects, plans, chooses, and opens the journal.
async fn prepare(
    request: &Request,
    target: Conninfo,
    reporter: Reporter,
) -> Result<(Context, Connection), NativeError> {
    let archive = Arc::clone(&request.archive);
    if request.options.has(Opt::StrictNames) {
        return Err(NativeError::Unsupported(
            "--strict-names is not supported by this engine; leave it out".to_owned(),
        ));
    }
    let (connection, sql) = connect_for(&archive, &target).await?;
    let server = ServerFacts::ask(&connection.client).await?;
    let toc = sql.toc(&archive);
    let selected = Selected::new(toc, &Criteria::read(&request.options)?, NEWEST_RULES)?;
    let plan = Plan::of(&selected, NEWEST_RULES)?;
    let contents = Contents::new(Arc::clone(&archive), sql, &selected);
    let mut settings = SqlSettings::from(&request.options);
    // What is dropped then is the database.
    settings.clean &= !request.create;
    let (journal, progress) =
        open_journal(request, &settings, &connection.client, &reporter).await?;
    let choices = choose(request, contents.toc(), &plan, server.major, &progress);
    let context = Context {
        made: Context::nothing_made(contents.toc().items.len()),
        session: ArchiveSettings::of(toc),
        target,
        tuning: request.tuning.clone(),
        exit_on_error: request.options.has(Opt::ExitOnError),
        is_data_only: !selected.with_parts().any(|(_, parts)| parts.schema),
        contents,
        plan,
        settings,
        choices,
        server_major: server.major,
        server_defaults: server.defaults,
        journal,
        progress,
        reporter,
        gate: Gate::default(),
    };
    Ok((context, connection))
}

/// What is asked of a server before anything is restored into it.
struct ServerFacts {
    major: u32,
    defaults: ServerDefaults,
}

impl ServerFacts {
    async fn ask(client: &Client) -> Result<Self, NativeError> {
        let sql = "SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4, \
                   (SELECT setting::pg_catalog.int8 FROM pg_catalog.pg_settings \
                    WHERE name = 'maintenance_work_mem'), \
                   pg_catalog.current_setting('max_parallel_maintenance_workers', true)\
                   ::pg_catalog.int4";
        let row = client.query_one(sql, &[]).await;
        let row = row.map_err(|error| NativeError::lost("asking what the server is", error))?;
        let defaults = ServerDefaults {
            memory_kb: row.get::<_, i64>(1).unsigned_abs(),
            parallel_workers: row.get::<_, Option<i32>>(2).map(i32::unsigned_abs),
        };
        let major = row.get::<_, i32>(0).unsigned_abs() / 10_000;
        Ok(Self { major, defaults })
    }
}

/// Makes the journal, or reads that of the restore that is resumed.
async fn open_journal(
    request: &Request,
    settings: &SqlSettings,
    client: &Client,
    reporter: &Reporter,
) -> Result<(Option<Journal>, Progress), NativeError> {
    if let Some(role) = &settings.role {
        // The journal must belong to whoever writes it.
        let sql = format!("SET ROLE {}", identifier(role));
        let set = client.batch_execute(&sql).await;
        set.map_err(|error| NativeError::lost("setting the role", error))?;
    }
    let identity = Identity {
        archive: digest(&request.archive),
        options: request.options.arguments().join(" "),
        slice_bytes: request.tuning.slice_bytes,
    };
    match (Journal::exists(client).await?, request.resume) {
        (true, true) => {
            let (journal, progress) = Journal::open(client, &identity).await?;
            return Ok((Some(journal), progress));
        }
        (true, false) => return Err(Journal::unfinished()),
        (false, true) => return Err(Journal::nothing_to_resume()),
        (false, false) => {}
    }
    let without = |why: &str| {
        reporter.note(format!("this restore cannot be resumed if it is interrupted: {why}"));
        Ok((None, Progress::default()))
    };
    if !request.tuning.journal {
        return Ok((None, Progress::default()));
    }
    if settings.set_session_authorization {
        return without("--use-set-session-authorization writes as users who have no journal");
    }
    match Journal::create(client, &identity).await? {
        Ok(journal) => Ok((Some(journal), Progress::default())),
        Err(why) => without(&why),
    }
}

/// Decides how each item is restored. What was begun in parts goes on so.
fn choose(
    request: &Request,
    toc: &Toc,
    plan: &Plan,
    server_major: u32,
    progress: &Progress,
) -> Choices {
    let costs = Costs::from_sizes(plan, toc);
    let material = Material { plan, toc, costs: &costs, jobs: request.jobs };
    let mut choices = decide(material, &request.tuning, server_major);
    let jobs = request.jobs;
    let given =
        Circumstances { plan, toc, costs: &costs, tuning: &request.tuning, jobs, server_major };
    choices.complete_begun(given, |item| progress.has(plan.id(item), Done::KeyBegun));
    if request.archive.is_arriving() {
        // The others build indexes of what is loaded.
        choices.loads_at_once = NonZeroUsize::new(request.jobs.as_usize().div_ceil(2));
    }
    choices.split.extend(plan.items().filter(|&item| {
        toc.items[item.as_usize()].kind == ItemKind::TableData
            && !progress.parts(plan.id(item)).is_empty()
    }));
    choices
}

/// A restore that runs.
struct Restore<'a> {
    context: Arc<Context>,
    costs: Costs,
    jobs: Jobs,
    control: &'a mut mpsc::UnboundedReceiver<Command>,
    limit: Limit,
    budget: Option<Budget>,
    tally: Tally,
}

impl Restore<'_> {
    fn tell_begin(&self) {
        let context = &self.context;
        let wanted: Vec<_> =
            context.plan.items().filter(|&item| context.plan.is_wanted(item)).collect();
        let bytes = wanted.iter().filter_map(|&item| context.item(item).data_length);
        context.reporter.tell(EventKind::Begun {
            items: wanted.len(),
            bytes: bytes.map(|bytes| bytes.0).sum(),
            jobs: self.jobs.get(),
            resumed: context.progress.items(),
        });
    }

    /// Drops what `--clean` drops, in reverse order.
    async fn clean(&mut self, leader: &mut Worker) -> Result<(), NativeError> {
        let context = Arc::clone(&self.context);
        // The journal notes it under the number that no item has.
        if !context.settings.clean || context.progress.has(DumpId(0), Done::Clean) {
            return Ok(());
        }
        self.tally.begin(&context, Phase::Clean);
        let items: Vec<_> = context.plan.items().collect();
        for item in items.into_iter().rev().filter(|&item| context.plan.is_wanted(item)) {
            let sql = drop_statements(context.item(item), context.settings.if_exists);
            let errors = leader.drop_object(item, &sql).await?;
            self.tally.errors(&context, errors)?;
        }
        leader.after_clean().await
    }

    async fn define_pre_data(&mut self, leader: &mut Worker) -> Result<(), NativeError> {
        let context = Arc::clone(&self.context);
        self.tally.begin(&context, Phase::PreData);
        let items = context.plan.items().filter(|&item| context.plan.is_before_fork(item));
        let (to_do, done): (Vec<_>, Vec<_>) = items.partition(|&item| context.has_work(item));
        let failed: Vec<_> = context.progress.failures.iter().map(|failure| failure.0).collect();
        for item in done {
            if context.plan.is_wanted(item) && !failed.contains(&context.plan.id(item)) {
                context.mark_made(item);
            }
        }
        let outcome = leader.define_all(to_do.into_iter()).await?;
        self.tally.errors(&context, outcome.errors)
    }

    async fn define_acls(&mut self, leader: &mut Worker) -> Result<(), NativeError> {
        let context = Arc::clone(&self.context);
        let missed = context.plan.missed();
        let items: Vec<_> = context
            .plan
            .items()
            .filter(|&item| context.plan.pass(item) == Pass::Acl && context.has_work(item))
            .filter(|item| !missed.contains(item))
            .collect();
        if items.is_empty() {
            return Ok(());
        }
        self.tally.begin(&context, Phase::Acl);
        let outcome = leader.define_all(items.into_iter()).await?;
        self.tally.errors(&context, outcome.errors)
    }

    /// Runs a pass with all workers, and gives the first one back.
    async fn pass(
        &mut self,
        leader: Worker,
        pass: Pass,
        phase: Phase,
    ) -> Result<Worker, NativeError> {
        let context = Arc::clone(&self.context);
        let material = Material {
            plan: &context.plan,
            toc: context.contents.toc(),
            costs: &self.costs,
            jobs: self.jobs,
        };
        let has_work = |item: ItemIndex| context.has_work(item);
        let graph = TaskGraph::new(material, pass, &context.choices, has_work);
        let dispatcher = Dispatcher::new(graph);
        if dispatcher.is_done() {
            return Ok(leader);
        }
        self.tally.begin(&context, phase);
        let mut crew = Crew::new(Arc::clone(&context));
        crew.add(leader);
        crew.grow(self.limit.jobs()).await?;
        let steering = Steering {
            control: self.control,
            limit: &mut self.limit,
            budget: self.budget.as_mut(),
        };
        PassRun::new(&context, &mut crew, steering, &mut self.tally, dispatcher).run().await?;
        crew.dismiss().await
    }

    /// What no pass reaches comes last, one after the other.
    async fn restore_missed(&mut self, leader: &mut Worker) -> Result<(), NativeError> {
        let context = Arc::clone(&self.context);
        for &item in context.plan.missed().iter().filter(|&&item| context.has_work(item)) {
            let outcome: Outcome = match context.item(item).kind {
                ItemKind::TableData => leader.load(item).await?,
                ItemKind::Blobs => {
                    let size = context.tuning.slice_bytes;
                    let feed = context.data(item).large_objects(size, |_| false);
                    leader.load_parts(item, &feed).await?
                }
                _ => leader.define(item).await?,
            };
            self.tally.errors(&context, outcome.errors)?;
        }
        Ok(())
    }

    async fn end(&mut self, leader: Worker, analyze: bool) -> Result<(), NativeError> {
        let context = Arc::clone(&self.context);
        self.tally.begin(&context, Phase::End);
        if analyze {
            self.tell_refusal(&leader, "ANALYZE").await?;
        }
        if context.journal.is_some() {
            self.tell_refusal(&leader, &Journal::drop_statement()).await?;
        }
        leader.close().await;
        context.reporter.tell(EventKind::Ended);
        Ok(())
    }

    /// Runs a statement that belongs to no item; a refusal is a note.
    async fn tell_refusal(&self, worker: &Worker, sql: &str) -> Result<(), NativeError> {
        if let Err(message) = worker.execute(sql, "ending the restore").await? {
            self.context.reporter.note(format!("{sql} was refused: {message}"));
        }
        Ok(())
    }
}
