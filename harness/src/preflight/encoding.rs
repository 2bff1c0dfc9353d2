//! Whether a database of the server's own encoding can take an archive's texts,
//! and which one can.

use anyhow::Context as _;
use restore_core::needs::SourceDatabase;
use tokio_postgres::Client;

/// How databases are to be created.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    /// The encoding to ask for, with the locale C, which goes with every
    /// encoding.
    pub(super) encoding: Option<String>,
    pub(super) note: Option<String>,
}

/// What the server knows of two encodings.
struct Encodings {
    /// Of databases that are made without asking for one.
    of_server: String,
    /// Of the archive's texts.
    of_archive: String,
    /// Whether the server converts from the one to the other.
    is_converted: bool,
}

/// Takes the server's own encoding where it can hold everything: UTF8, or that
/// of the archive. Otherwise databases get the encoding of the database that
/// was dumped.
pub(super) async fn choose(client: &Client, source: &SourceDatabase) -> anyhow::Result<Choice> {
    let Some(of_archive) = &source.client_encoding else { return Ok(Choice::default()) };
    let row = client
        .query_one(
            "SELECT pg_encoding_to_char(encoding)::text, \
             pg_encoding_to_char(pg_char_to_encoding($1))::text, \
             EXISTS (SELECT FROM pg_conversion WHERE condefault \
               AND conforencoding = pg_char_to_encoding($1) AND contoencoding = encoding) \
             FROM pg_database WHERE datname = 'template0'",
            &[of_archive],
        )
        .await
        .context("cannot read the server's encoding")?;
    let known: String = row.get(1);
    let of_archive = if known.is_empty() { of_archive.clone() } else { known };
    let encodings = Encodings { of_server: row.get(0), of_archive, is_converted: row.get(2) };
    Ok(encodings.choice(source.encoding.as_deref()))
}

impl Encodings {
    fn choice(self, of_source: Option<&str>) -> Choice {
        let Self { of_server, of_archive, is_converted } = self;
        let takes_all = of_server == of_archive
            || of_server == "SQL_ASCII"
            || (of_server == "UTF8" && is_converted);
        if takes_all {
            return Choice::default();
        }
        let encoding = of_source.unwrap_or(&of_archive).to_owned();
        let note = format!(
            "databases are created with encoding {encoding} and locale C: the server's own \
             encoding {of_server} cannot hold every text of the archive ({of_archive})"
        );
        Choice { encoding: Some(encoding), note: Some(note) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(of_server: &str, of_archive: &str, is_converted: bool) -> Option<String> {
        let (of_server, of_archive) = (of_server.to_owned(), of_archive.to_owned());
        Encodings { of_server, of_archive, is_converted }.choice(Some("SOURCE")).encoding
    }

    #[test]
    fn the_servers_own_encoding_is_taken_where_it_can_be() {
        assert_eq!(choice("UTF8", "UTF8", false), None);
        assert_eq!(choice("UTF8", "WIN1251", true), None);
        assert_eq!(choice("SQL_ASCII", "UTF8", false), None);
        assert_eq!(choice("LATIN1", "UTF8", true).as_deref(), Some("SOURCE"));
        assert_eq!(choice("UTF8", "SQL_ASCII", false).as_deref(), Some("SOURCE"));
        assert_eq!(choice("UTF8", "MULE_INTERNAL", false).as_deref(), Some("SOURCE"));
    }
}
