//! The words of a command line, read as `getopt_long` reads them.

use super::error::OptionError;
use super::set::RestoreOptions;
use super::table::{Meaning, Opt, Takes};

impl RestoreOptions {
    /// Adds the options that these words give, as `pg_restore` would take
    /// them: `--table=x`, `--table x`, `-tx`, `-t x`, `-Ox`, and the
    /// beginnings of long names that fit one name alone.
    ///
    /// An option that the table does not know is kept as it is, together with
    /// a word behind it that is no option: see [`Self::unknown`].
    pub fn read_words(&mut self, words: &[String]) -> Result<(), OptionError> {
        let mut words = words.iter().map(String::as_str);
        let mut after_unknown = false;
        while let Some(word) = words.next() {
            let known = match word.strip_prefix("--") {
                Some("") => continue,
                Some(long) => self.read_long(long, &mut words)?,
                None => match word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
                    Some(letters) => self.read_letters(letters, &mut words)?,
                    None if after_unknown => {
                        self.pass_on(word);
                        true
                    }
                    None => return Err(OptionError::NotAnOption { word: word.to_owned() }),
                },
            };
            if !known {
                self.pass_on(word);
            }
            after_unknown = !known;
        }
        Ok(())
    }

    /// `--name`, `--name=value` or `--name value`. Tells whether the table
    /// knows it.
    fn read_long<'a>(
        &mut self,
        word: &'a str,
        rest: &mut impl Iterator<Item = &'a str>,
    ) -> Result<bool, OptionError> {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let option = match Opt::by_prefix(name)[..] {
            [] => return Ok(false),
            [option] => option,
            ref candidates => {
                let candidates = candidates.to_vec();
                return Err(OptionError::Ambiguous { prefix: name.to_owned(), candidates });
            }
        };
        refuse(option, &format!("--{name}"))?;
        let value = match (value, option.takes()) {
            (None, Takes::Value | Takes::Values) => rest.next(),
            (value, _) => value,
        };
        self.give(option, value)?;
        Ok(true)
    }

    /// `-Ox`, `-tname` or `-t name`. Tells whether the table knows the first
    /// letter.
    fn read_letters<'a>(
        &mut self,
        mut letters: &'a str,
        rest: &mut impl Iterator<Item = &'a str>,
    ) -> Result<bool, OptionError> {
        if letters.chars().next().and_then(Opt::by_letter).is_none() {
            return Ok(false);
        }
        while let Some(letter) = letters.chars().next() {
            let Some(option) = Opt::by_letter(letter) else {
                self.pass_on(&format!("-{letters}"));
                return Ok(true);
            };
            refuse(option, &format!("-{letter}"))?;
            letters = &letters[letter.len_utf8()..];
            if option.takes() == Takes::Nothing {
                self.give(option, None)?;
                continue;
            }
            let attached = Some(letters).filter(|value| !value.is_empty());
            self.give(option, attached.or_else(|| rest.next()))?;
            return Ok(true);
        }
        Ok(true)
    }
}

fn refuse(option: Opt, written: &str) -> Result<(), OptionError> {
    match option.meaning() {
        Meaning::Refused(reason) => {
            Err(OptionError::Refused { option: written.to_owned(), reason })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<RestoreOptions, OptionError> {
        let words: Vec<_> = words.split_whitespace().map(str::to_owned).collect();
        let mut options = RestoreOptions::default();
        options.read_words(&words)?;
        Ok(options)
    }

    fn arguments(words: &str) -> String {
        read(words).unwrap().arguments().join(" ")
    }

    #[test]
    fn every_spelling_comes_to_the_same() {
        for words in
            ["--table=x -O", "--table x -O", "-tx -O", "-t x -O", "-Ot x", "-Otx", "--tab x -O"]
        {
            assert_eq!(arguments(words), "--no-owner --table=x", "{words}");
        }
        assert_eq!(arguments("-t x -T y -t z"), "--table=x --table=z --trigger=y");
        assert_eq!(arguments("--role=a --role=b"), "--role=b");
        assert_eq!(arguments("-v -w -R --no-acl --"), "--no-privileges");
        assert_eq!(arguments("--table --clean"), "--table=--clean");
    }

    #[test]
    fn what_the_table_does_not_know_is_passed_on() {
        let options = read("--new-thing=3 --newer x -O -Z 4").unwrap();
        assert_eq!(options.unknown(), ["--new-thing=3", "--newer", "x", "-Z", "4"]);
        assert_eq!(options.arguments().join(" "), "--no-owner --new-thing=3 --newer x -Z 4");
        assert!(options.select());
        assert_eq!(arguments("-OZ"), "--no-owner -Z");
    }

    #[test]
    fn faults_name_the_word() {
        let cases = [
            ("-j 4", "pg_restore's -j cannot be used in a sweep: the number of jobs"),
            ("--jobs=4", "pg_restore's --jobs cannot be used in a sweep"),
            ("-Ocx1", "pg_restore's -1 cannot be used in a sweep: pg_restore takes a single"),
            ("-d x", "pg_restore's -d cannot be used in a sweep: every trial"),
            ("-f -", "pg_restore's -f cannot be used in a sweep: a sweep restores into"),
            ("-l", "pg_restore's -l cannot be used in a sweep: it restores nothing: use"),
            ("-C", "pg_restore's -C cannot be used in a sweep: every trial"),
            ("-hx", "pg_restore's -h cannot be used in a sweep: the server is the sweep's"),
            ("--no-p", "--no-p can be any of --no-privileges, --no-policies, --no-publications"),
            ("-O my.dump", "\"my.dump\" is no option of pg_restore: the archive is named before"),
            ("--table", "--table needs a value"),
            ("-t", "--table needs a value"),
            ("--no-owner=x", "--no-owner: it takes no value"),
            ("--section=all", "--section=all: give pre-data, data or post-data"),
            ("--transaction-size=0", "--transaction-size=0: give a whole number"),
        ];
        for (words, start) in cases {
            let message = read(words).unwrap_err().to_string();
            assert!(message.starts_with(start), "{words}: {message}");
        }
    }
}
