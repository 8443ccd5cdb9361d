//! The scripts, and calls of them. One call is one operation on one bucket.

use std::sync::LazyLock;

use redis::{Arg, Cmd, Script, ToRedisArgs};

/// A script and the text that the server learns it from.
pub(super) struct Source {
    script: Script,
    text: &'static str,
}

/// Names scripts: what every script begins with, then these files.
macro_rules! scripts {
    ($($name:ident = $($file:literal)+;)+) => {
        $(pub(super) static $name: LazyLock<Source> = LazyLock::new(|| {
            let text = concat!(include_str!("lua/shared.lua"), $(include_str!(concat!("lua/", $file)),)+);
            Source { script: Script::new(text), text }
        });)+

        #[cfg(test)]
        pub(super) const ALL: &[&LazyLock<Source>] = &[$(&$name),+];
    };
}

scripts! {
    CREATE = "owner.lua" "room.lua" "create.lua";
    GET = "get.lua";
    PUT = "owner.lua" "room.lua" "put.lua";
    MERGE = "variables.lua" "merge.lua";
    RECORD = "variables.lua" "record.lua";
    DELETE = "owner.lua" "room.lua" "delete.lua";
    PAGE = "page.lua";
    PEEK = "peek.lua";
    CLAIM = "queue.lua" "claim.lua";
    HELD = "held.lua";
    SWEEP = "queue.lua" "sweep.lua";
    MARK = "mark.lua";
    EMPTIED = "emptied.lua";
    BEAT = "beat.lua";
    BURY = "bury.lua";
    SETTLE = "settle.lua";
    OPEN = "open.lua";
}

impl Source {
    /// A call in this bucket, to which arguments are added.
    pub(super) fn on(&'static self, bucket: &str) -> Call {
        let mut command = redis::cmd("EVALSHA");
        command.arg(self.script.get_hash()).arg(1).arg(bucket);
        Call { source: self, command }
    }
}

/// A call of a script.
pub(super) struct Call {
    source: &'static Source,
    pub(super) command: Cmd,
}

impl Call {
    pub(super) fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        self.command.arg(argument);
        self
    }

    /// The same call with the text of the script, for a server that does not know it yet.
    pub(super) fn with_text(&self) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.source.text);
        for argument in self.command.args_iter().skip(2) {
            if let Arg::Simple(bytes) = argument {
                command.arg(bytes);
            }
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_goes_in_place_of_its_digest() {
        let call = PEEK.on("{pm07}").arg(&b"q"[..]).arg(5);
        let arguments = |command: &Cmd| -> Vec<Vec<u8>> {
            let bytes = command.args_iter().map(|argument| match argument {
                Arg::Simple(bytes) => bytes.to_vec(),
                _ => Vec::new(),
            });
            bytes.collect()
        };
        let (short, long) = (arguments(&call.command), arguments(&call.with_text()));
        assert_eq!((short[0].as_slice(), long[0].as_slice()), (&b"EVALSHA"[..], &b"EVAL"[..]));
        assert!(short[1].len() == 40 && long[1].starts_with(b"-- What every script begins with."));
        assert_eq!(short[2..], long[2..]);
        assert_eq!(short[2..], [b"1".to_vec(), b"{pm07}".to_vec(), b"q".to_vec(), b"5".to_vec()]);
    }

    #[test]
    fn every_script_is_another_one() {
        let digests: std::collections::BTreeSet<_> = ALL.iter().map(|source| source.script.get_hash()).collect();
        assert_eq!(digests.len(), ALL.len());
    }
}
