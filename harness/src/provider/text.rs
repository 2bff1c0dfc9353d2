//! Texts of a server whose database may be in any encoding.

use std::error::Error;

use restore_core::archive::TextEncoding;
use restore_core::connection::{Connection, Conninfo, connect};
use restore_core::spelling::spell;
use tokio_postgres::types::{FromSql, Type};

/// A text that a query gave. From a database in `SQL_ASCII` it may be any bytes.
#[derive(Debug, Clone)]
pub struct ServerText(Vec<u8>);

impl ServerText {
    /// As it is shown, and as an archive's names are: what is not UTF-8 is read as Latin-1.
    pub fn shown(&self) -> String {
        TextEncoding::SQL_ASCII.decode(&self.0)
    }

    /// As it is sent back over the same connection.
    pub fn sql(&self, connection: &Connection) -> String {
        if connection.sends_bytes() { spell(&self.0) } else { self.shown() }
    }
}

impl<'a> FromSql<'a> for ServerText {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(of: &Type) -> bool {
        <&str as FromSql>::accepts(of)
    }
}

/// Connects to a database, and sends names as its bytes where it is in `SQL_ASCII`.
pub async fn connect_as_stored(conninfo: &Conninfo) -> anyhow::Result<Connection> {
    let connection = connect(conninfo).await?;
    if connection.server_encoding == "SQL_ASCII" {
        connection.send_bytes("SQL_ASCII").await?;
    }
    Ok(connection)
}
