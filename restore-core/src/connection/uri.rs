//! The URI form of a conninfo:
//! `postgresql://[user[:password]@][host[:port],...][/database][?parameter=value&...]`
//! (`conninfo_uri_parse_options` of libpq's `fe-connect.c`).

use super::keyword::Keyword;
use super::syntax::{Pairs, SyntaxError};

/// Parses a URI, prefix included.
pub(super) fn parse(text: &str) -> Result<Pairs, SyntaxError> {
    let begin = text.find("//").map_or(0, |at| at + 2);
    let mut uri = Uri { text, pairs: Vec::new() };
    let hosts = uri.credentials(begin)?;
    let path = uri.hosts(hosts)?;
    uri.path_and_parameters(path)?;
    Ok(uri.pairs)
}

/// A URI and what has been read of it. Places are byte offsets into `text`.
struct Uri<'a> {
    text: &'a str,
    pairs: Pairs,
}

impl Uri<'_> {
    /// Reads `user:password@` and returns where the hosts begin.
    fn credentials(&mut self, begin: usize) -> Result<usize, SyntaxError> {
        let end = self.find(begin, &['@', '/']);
        if self.byte(end) != Some(b'@') {
            return Ok(begin);
        }
        let colon = self.find(begin, &[':', '@']);
        self.store_unless_empty("user", begin, colon)?;
        if colon < end {
            self.store_unless_empty("password", colon + 1, end)?;
        }
        Ok(end + 1)
    }

    /// Reads `host:port,host:port` and returns where the path begins.
    fn hosts(&mut self, begin: usize) -> Result<usize, SyntaxError> {
        let (mut hosts, mut ports) = (String::new(), String::new());
        let mut at = begin;
        loop {
            let (host, after) = self.host(at)?;
            hosts.push_str(&host);
            at = after;
            if self.byte(at) == Some(b':') {
                let end = self.find(at + 1, &['/', '?', ',']);
                ports.push_str(&self.decoded(at + 1, end)?);
                at = end;
            }
            if self.byte(at) != Some(b',') {
                break;
            }
            hosts.push(',');
            ports.push(',');
            at += 1;
        }
        if !hosts.is_empty() {
            self.push("host", hosts, begin)?;
        }
        if !ports.is_empty() {
            self.push("port", ports, begin)?;
        }
        Ok(at)
    }

    /// Reads one host, and returns it and where it ends.
    fn host(&self, at: usize) -> Result<(String, usize), SyntaxError> {
        if self.byte(at) != Some(b'[') {
            let end = self.find(at, &[':', '/', '?', ',']);
            return Ok((self.decoded(at, end)?, end));
        }
        let close = self.find(at, &[']']);
        if close == self.text.len() {
            return Err(self.fault("an IPv6 address without its closing \"]\"", at));
        }
        if close == at + 1 {
            return Err(self.fault("an empty IPv6 address", at));
        }
        match self.byte(close + 1) {
            None | Some(b':' | b'/' | b'?' | b',') => Ok((self.decoded(at + 1, close)?, close + 1)),
            Some(_) => Err(self.fault("an unexpected character after \"]\"", close + 1)),
        }
    }

    fn path_and_parameters(&mut self, mut at: usize) -> Result<(), SyntaxError> {
        if self.byte(at) == Some(b'/') {
            let end = self.find(at, &['?']);
            self.store_unless_empty("dbname", at + 1, end)?;
            at = end;
        }
        if self.byte(at) != Some(b'?') {
            return Ok(());
        }
        at += 1;
        while at < self.text.len() {
            let end = self.find(at, &['&']);
            self.parameter(at, end)?;
            at = end + 1;
        }
        Ok(())
    }

    fn parameter(&mut self, begin: usize, end: usize) -> Result<(), SyntaxError> {
        let parameter = &self.text[begin..end];
        let Some(equals) = parameter.find('=').map(|at| begin + at) else {
            return Err(self.fault("a parameter without \"=\"", begin));
        };
        if let Some(second) = self.text[equals + 1..end].find('=') {
            let what = "a second \"=\" in a parameter (write it as %3D)";
            return Err(self.fault(what, equals + 1 + second));
        }
        let name = self.decoded(begin, equals)?;
        let value = self.decoded(equals + 1, end)?;
        // The spelling of JDBC, which libpq takes too.
        if name == "ssl" && value == "true" {
            return self.push("sslmode", "require".into(), begin);
        }
        self.push(&name, value, begin)
    }

    fn store_unless_empty(
        &mut self,
        name: &str,
        begin: usize,
        end: usize,
    ) -> Result<(), SyntaxError> {
        if begin == end {
            return Ok(());
        }
        let value = self.decoded(begin, end)?;
        self.push(name, value, begin)
    }

    fn push(&mut self, name: &str, value: String, at: usize) -> Result<(), SyntaxError> {
        let pair = Keyword::assigned(name, value);
        self.pairs.push(pair.ok_or_else(|| SyntaxError::UnknownKeyword {
            keyword: name.to_owned(),
            at: self.column(at),
        })?);
        Ok(())
    }

    /// Undoes percent-encoding; `%00` cannot be part of a C string.
    fn decoded(&self, begin: usize, end: usize) -> Result<String, SyntaxError> {
        let bytes = self.text.as_bytes();
        let mut decoded = Vec::with_capacity(end - begin);
        let mut at = begin;
        while at < end {
            if bytes[at] != b'%' {
                decoded.push(bytes[at]);
                at += 1;
                continue;
            }
            let hex =
                |at: usize| bytes[..end].get(at).and_then(|&byte| char::from(byte).to_digit(16));
            let (Some(high), Some(low)) = (hex(at + 1), hex(at + 2)) else {
                return Err(self.fault("a \"%\" without two hexadecimal digits", at));
            };
            if high + low == 0 {
                return Err(self.fault("the forbidden value %00", at));
            }
            decoded.push((high * 16 + low) as u8);
            at += 3;
        }
        String::from_utf8(decoded).map_err(|_| self.fault("a value that is not UTF-8", begin))
    }

    /// Where the first of `stops` stands from `from` on, or the end.
    fn find(&self, from: usize, stops: &[char]) -> usize {
        self.text[from..].find(stops).map_or(self.text.len(), |at| from + at)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn fault(&self, what: &'static str, at: usize) -> SyntaxError {
        SyntaxError::Uri { what, at: self.column(at) }
    }

    fn column(&self, byte: usize) -> usize {
        self.text[..byte].chars().count() + 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> String {
        match parse(text) {
            Ok(pairs) => {
                let pairs = pairs.iter().map(|(keyword, value)| format!("{keyword}={value}"));
                pairs.collect::<Vec<_>>().join(" ")
            }
            Err(error) => error.to_string(),
        }
    }

    /// The cases of libpq's own `test/uri.c` regression suite
    /// (`src/interfaces/libpq/t/001_uri.pl`), as far as they parse.
    #[test]
    fn reads_what_libpq_reads() {
        let cases = [
            (
                "postgresql://uri-user:secret@host:12345/db",
                "user=uri-user password=secret host=host port=12345 dbname=db",
            ),
            ("postgresql://uri-user@host:12345/", "user=uri-user host=host port=12345"),
            (
                "postgresql://host/db?user=uri-user&password=a%25b",
                "host=host dbname=db user=uri-user password=a%b",
            ),
            ("postgresql://:12345", "port=12345"),
            ("postgresql://host/?", "host=host"),
            ("postgresql://?host=h", "host=h"),
            ("postgresql://@", ""),
            ("postgresql://:@host", "host=host"),
            ("postgresql://user:@", "user=user"),
            ("postgresql://[::1]:12345/db", "host=::1 port=12345 dbname=db"),
            ("postgresql://[2001:db8::1234]/", "host=2001:db8::1234"),
            ("postgresql://a:1,b,[::2]:3/db", "host=a,b,::2 port=1,,3 dbname=db"),
            ("postgres://%2Fvar%2Flib/db", "host=/var/lib dbname=db"),
            ("postgres:///db?host=/tmp", "dbname=db host=/tmp"),
            ("postgres://host?ssl=true", "host=host sslmode=require"),
            ("postgres://u%40x:p%3Aw@h", "user=u@x password=p:w host=h"),
        ];
        for (uri, expected) in cases {
            assert_eq!(read(uri), expected, "{uri}");
        }
    }

    #[test]
    fn faults_are_named_with_their_place() {
        let cases = [
            (
                "postgresql://host/db?u%7aer=x",
                "unknown connection parameter \"uzer\" at character 22",
            ),
            ("postgres://host/?a", "a parameter without \"=\" at character 18"),
            (
                "postgres://host/?user=a=b",
                "a second \"=\" in a parameter (write it as %3D) at character 24",
            ),
            ("postgres://[::1", "an IPv6 address without its closing \"]\" at character 12"),
            ("postgres://[]", "an empty IPv6 address at character 12"),
            ("postgres://[::1]z", "an unexpected character after \"]\" at character 17"),
            ("postgres://%", "a \"%\" without two hexadecimal digits at character 12"),
            ("postgres://%zz", "a \"%\" without two hexadecimal digits at character 12"),
            ("postgres://a%00", "the forbidden value %00 at character 13"),
        ];
        for (uri, expected) in cases {
            let message = read(uri);
            assert!(message.contains(expected), "{uri}: {message}");
        }
    }

    fn encoded(text: &str) -> String {
        use std::fmt::Write;
        text.bytes().fold(String::new(), |mut out, byte| {
            write!(out, "%{byte:02X}").unwrap();
            out
        })
    }

    proptest! {
        #[test]
        fn encoded_values_come_back(user in "[^\0]{1,9}", password in "[^\0]{1,9}", db in "[^\0]{1,9}") {
            let uri = format!(
                "postgresql://{}:{}@h:1/{}?options={}",
                encoded(&user), encoded(&password), encoded(&db), encoded(&password),
            );
            let values: Vec<_> = parse(&uri).unwrap().into_iter().map(|pair| pair.1).collect();
            prop_assert_eq!(values, vec![user, password.clone(), "h".into(), "1".into(), db, password]);
        }
    }
}
