//! The SQL of items that have no data: definitions, owners, privileges.
//!
//! `pg_restore` sends a statement, waits, and sends the next, each in a
//! transaction of its own. Here several items go in one message, which is one
//! transaction, and several messages before the first answer is there. Where
//! one fails, its items are sent again as `pg_restore` sends them, in their
//! order, so that errors are the same.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio_postgres::{Client, Error as PgError};

use super::{Outcome, Worker, refusal};
use crate::engine::RestoreError;
use crate::native::contents::SqlEncoding;
use crate::native::context::Context;
use crate::native::error::NativeError;
use crate::native::failure::{EXECUTING, ServerMessage};
use crate::native::journal::{Done, Journal};
use crate::native::sql::SessionState;
use crate::plan::ItemIndex;
use crate::toc::ItemKind;

/// Messages that are sent before the first answer is waited for.
const MESSAGES_AHEAD: usize = 16;

/// Bounds of one message, and so of one transaction: the locks of its objects
/// must fit into the server's lock table.
const ITEMS_PER_MESSAGE: usize = 32;
const BYTES_PER_MESSAGE: usize = 64 << 10;

/// Between statements of one message: ends one that lacks its semicolon, or
/// that ends in a comment.
const NEXT: &str = "\n;\n";

impl Worker {
    /// Sends the SQL of items in their order, which must be one in which each
    /// comes after what it needs.
    pub(crate) async fn define_all(
        &mut self,
        items: impl Iterator<Item = ItemIndex>,
    ) -> Result<Outcome, NativeError> {
        let mut outcome = Outcome::default();
        let mut items = items.peekable();
        if !self.context.tuning.pipeline || self.context.exit_on_error {
            for item in items {
                outcome.add(self.define(item).await?);
                if self.context.exit_on_error && !outcome.errors.is_empty() {
                    break;
                }
            }
            return Ok(outcome);
        }
        while items.peek().is_some() {
            let (failed, errors) = self.define_until_failure(&mut items).await?;
            outcome.errors.extend(errors);
            for item in failed {
                outcome.add(self.define(item).await?);
            }
        }
        Ok(outcome)
    }

    /// Sends messages until one fails, or all are sent. Gives the items of
    /// those that failed: nothing of them is done.
    async fn define_until_failure(
        &mut self,
        items: &mut std::iter::Peekable<impl Iterator<Item = ItemIndex>>,
    ) -> Result<(Vec<ItemIndex>, Vec<RestoreError>), NativeError> {
        let Self { context, connection, state, .. } = self;
        let mut flight = Flight::new(context, &connection.client);
        while flight.failed.is_empty() && items.peek().is_some() {
            let (settings, message) = next_message(context, state, items);
            for sql in settings {
                flight.send(message.items[..1].to_vec(), sql, IsSetting(true)).await?;
            }
            flight.send(message.items, message.sql, IsSetting(false)).await?;
        }
        while flight.receive().await? {}
        Ok((flight.failed, flight.errors))
    }

    /// Sends the SQL of one item: at once with the note that it is done, or
    /// where that is refused, as `pg_restore` does, statement by statement.
    pub(crate) async fn define(&mut self, item: ItemIndex) -> Result<Outcome, NativeError> {
        let context = Arc::clone(&self.context);
        let entry = context.item(item);
        let mut errors = self.select_for_definition(item).await?;
        match context.definition(item) {
            Err(error) => errors.push(*error),
            Ok(statements) => {
                let failed = match self.define_at_once(item, &statements).await? {
                    AtOnce::Done if errors.is_empty() => {
                        if entry.kind == ItemKind::Table {
                            context.mark_made(item);
                        }
                        after_definition(&mut self.state, &entry.kind);
                        return Ok(Outcome::default());
                    }
                    AtOnce::Done => Vec::new(),
                    AtOnce::Refused(error) => vec![*error],
                    AtOnce::Undone => self.execute_each(item, &statements).await?,
                };
                let first = statements.first().map(|sql| sql.trim_end());
                let made = failed.iter().all(|error| error.statement.as_deref() != first);
                if made && entry.kind == ItemKind::Table {
                    context.mark_made(item);
                }
                errors.extend(failed);
            }
        }
        after_definition(&mut self.state, &entry.kind);
        self.note_errors(item, &errors).await?;
        Ok(Outcome::of_errors(errors))
    }

    /// Sends all statements of an item in one transaction with the note that
    /// it is done, so that a restore that ends meanwhile has both or neither.
    async fn define_at_once(
        &mut self,
        item: ItemIndex,
        statements: &[String],
    ) -> Result<AtOnce, NativeError> {
        /// `active_sql_transaction`: a statement that takes none.
        const TAKES_NO_TRANSACTION: &str = "25001";

        let Some(note) = self.context.note(item, Done::Item) else { return Ok(AtOnce::Undone) };
        let mut sql = statements.join(NEXT);
        sql.push_str(NEXT);
        sql.push_str(&note);
        let refused = self.execute(&sql, &self.doing(item)).await?;
        Ok(match (refused, statements) {
            (Ok(()), _) => AtOnce::Done,
            // It need not be sent again to know what is said of it.
            (Err(message), [only]) if message.code != TAKES_NO_TRANSACTION => {
                AtOnce::Refused(Box::new(self.error(item, message, only)))
            }
            (Err(_), _) => AtOnce::Undone,
        })
    }

    /// Notes an item as done whether or not it failed: a resumed restore goes
    /// on behind it. Under `--exit-on-error` a failed item is not done.
    pub(crate) async fn note_errors(
        &self,
        item: ItemIndex,
        errors: &[RestoreError],
    ) -> Result<(), NativeError> {
        if self.context.journal.is_none() || (self.context.exit_on_error && !errors.is_empty()) {
            return Ok(());
        }
        let id = self.context.plan.id(item);
        let sql = if errors.is_empty() {
            Journal::note(id, Done::Item)
        } else {
            let texts: Vec<_> = errors.iter().map(RestoreError::full_text).collect();
            let mut failure = texts.join("\n");
            if self.context.contents.sql == SqlEncoding::Bytes {
                // What is not ASCII could not be read as text again.
                failure = failure.replace(|c: char| !c.is_ascii(), "?");
            }
            Journal::note_failure(id, &failure)
        };
        match self.execute(&sql, &self.doing(item)).await? {
            Ok(()) => Ok(()),
            Err(message) => {
                Err(NativeError::Journal(format!("the journal cannot be written: {message}")))
            }
        }
    }
}

/// What came of an item's statements in one transaction.
enum AtOnce {
    /// All are done, and noted.
    Done,
    /// The item's only statement was refused.
    Refused(Box<RestoreError>),
    /// Nothing is done: each must be sent by itself.
    Undone,
}

/// An ACL item may have set the session's user by itself.
fn after_definition(state: &mut SessionState, kind: &ItemKind) {
    if matches!(kind, ItemKind::Acl | ItemKind::DefaultAcl) || kind.as_str() == "ACL LANGUAGE" {
        state.forget_user();
    }
}

/// Statements that go together, and the items that they belong to: at least
/// one.
struct Message {
    items: Vec<ItemIndex>,
    sql: String,
}

/// Takes the next items that fit into one message, and the settings that must
/// come before it. Settings go by themselves: one in a failed message would be
/// taken back with it.
fn next_message(
    context: &Context,
    state: &mut SessionState,
    items: &mut std::iter::Peekable<impl Iterator<Item = ItemIndex>>,
) -> (Vec<String>, Message) {
    let mut settings = Vec::new();
    let mut message = Message { items: Vec::new(), sql: String::new() };
    while let Some(&item) = items.peek() {
        let entry = context.item(item);
        let mut next = state.clone();
        let before = next.select(entry, &context.session, &context.settings);
        // An item without SQL fails by itself, and is told of then.
        let statements = context.definition(item).unwrap_or_else(|_| vec![UNSENDABLE.to_owned()]);
        let length: usize = statements.iter().map(|sql| sql.len() + NEXT.len()).sum();
        let is_first = message.items.is_empty();
        let fits = before.is_empty()
            && message.items.len() < ITEMS_PER_MESSAGE
            && message.sql.len() + length <= BYTES_PER_MESSAGE;
        if !is_first && !fits {
            break;
        }
        settings.extend(before);
        *state = next;
        after_definition(state, &entry.kind);
        let note = context.note(item, Done::Item);
        for sql in statements.into_iter().chain(note) {
            message.sql.push_str(&sql);
            message.sql.push_str(NEXT);
        }
        message.items.push(item);
        items.next();
    }
    (settings, message)
}

/// Fails in every session.
const UNSENDABLE: &str = "jobtune: this item has no SQL";

/// Whether a message is a setting of the session rather than items.
#[derive(Clone, Copy)]
struct IsSetting(bool);

type Answer<'a> = Pin<Box<dyn Future<Output = Result<(), PgError>> + Send + 'a>>;

/// Messages whose answers are still to come.
struct Flight<'a> {
    context: &'a Context,
    client: &'a Client,
    sent: VecDeque<Sent<'a>>,
    failed: Vec<ItemIndex>,
    errors: Vec<RestoreError>,
}

struct Sent<'a> {
    items: Vec<ItemIndex>,
    /// The setting; items' SQL is not kept.
    setting: Option<Arc<str>>,
    answer: Answer<'a>,
    /// The answer, if it was there at once.
    early: Option<Result<(), PgError>>,
}

impl<'a> Flight<'a> {
    fn new(context: &'a Context, client: &'a Client) -> Self {
        Self { context, client, sent: VecDeque::new(), failed: Vec::new(), errors: Vec::new() }
    }

    /// Sends a message, and waits for the oldest answer if too many are open.
    async fn send(
        &mut self,
        items: Vec<ItemIndex>,
        sql: String,
        is_setting: IsSetting,
    ) -> Result<(), NativeError> {
        tracing::trace!(sql, "statements");
        let sql: Arc<str> = sql.into();
        let setting = is_setting.0.then(|| Arc::clone(&sql));
        let client = self.client;
        let mut answer: Answer<'a> = Box::pin(async move { client.batch_execute(&sql).await });
        // The client sends when its future is polled for the first time.
        let early = poll_fn(|context| {
            Poll::Ready(match answer.as_mut().poll(context) {
                Poll::Ready(result) => Some(result),
                Poll::Pending => None,
            })
        });
        let early = early.await;
        self.sent.push_back(Sent { items, setting, answer, early });
        if self.sent.len() > MESSAGES_AHEAD {
            self.receive().await?;
        }
        Ok(())
    }

    /// Takes the oldest answer; false if none is open.
    async fn receive(&mut self) -> Result<bool, NativeError> {
        let Some(sent) = self.sent.pop_front() else { return Ok(false) };
        let answer = match sent.early {
            Some(answer) => answer,
            None => sent.answer.await,
        };
        let Err(error) = answer else {
            self.succeed(&sent.items, sent.setting.is_some());
            return Ok(true);
        };
        let message = refusal(error, "defining objects")?;
        match sent.setting {
            None => self.failed.extend(sent.items),
            Some(sql) => self.fail_setting(sent.items[0], message, &sql),
        }
        Ok(true)
    }

    fn succeed(&self, items: &[ItemIndex], is_setting: bool) {
        let tables = items.iter().filter(|&&item| self.context.item(item).kind == ItemKind::Table);
        if !is_setting {
            tables.for_each(|&table| self.context.mark_made(table));
        }
    }

    /// A setting that the server refuses, such as a tablespace that it lacks,
    /// is an error of the item that needs it; the item is sent nevertheless.
    fn fail_setting(&mut self, item: ItemIndex, message: ServerMessage, sql: &str) {
        let entry = self.context.item(item);
        self.errors.push(message.of_item(entry, EXECUTING.to_owned(), sql));
    }
}
