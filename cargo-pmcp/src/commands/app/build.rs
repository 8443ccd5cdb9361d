//! `cargo pmcp app build`.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::{
    error::Result,
    interrupt::until_interrupted,
    publish::{App, Challenge, Dist, PublicUrl, Trace, Wanted, Words, ask, bundle, describing, files, opening},
    shell::Shell,
    target::{Connected, PackageArgs, Target, TargetArgs, answers_lines, connect_to, find, find_and_build},
};

/// Write everything that a server is published with: a page, plugins, an entry for the registry, and what is left to do.
///
/// The release of the package here is built, run and asked, so that what is published is what is served. The directory is replaced as a
/// whole. Words for listings are read from `[package]` and `[package.metadata.pmcp]`.
#[derive(Args, Debug)]
pub(crate) struct Build {
    /// The address at which everybody is to reach the server.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// A trace for the page to replay; without one it shows a first call that needs nothing.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// The directory to write.
    #[arg(long, value_name = "DIR", default_value = "dist")]
    out: PathBuf,
    /// Put the program into a bundle that hosts install, for this system.
    #[arg(long, conflicts_with_all = ["url", "command"])]
    mcpb: bool,
    /// Write the manifest of the plugins of 2023, too.
    #[arg(long, requires = "public_url")]
    legacy: bool,
    /// The token by which a directory of apps knows the domain.
    #[arg(long, value_name = "TOKEN")]
    challenge: Option<String>,
    #[command(flatten)]
    target: TargetArgs,
}

impl Build {
    pub(super) async fn run(self, shell: &Shell) -> Result {
        let public = self.public_url.as_deref().map(PublicUrl::parse).transpose()?;
        let challenge = self.challenge.as_deref().map(Challenge::parse).transpose()?;
        let trace = self.trace.as_deref().map(Trace::read).transpose()?;
        let dist = Dist::find(&self.out)?;
        if public.is_none() && !self.mcpb {
            shell.warn("nobody is told where the server is: pass `--public-url URL`, or `--mcpb`");
        }
        let (app, program, trace) = Box::pin(until_interrupted(self.asked(public, trace, shell))).await?;
        let bundle = program.filter(|_| self.mcpb).map(|program| bundle(&app, &program)).transpose()?;
        let wanted = Wanted { bundle, challenge, legacy: self.legacy, trace };
        let files = files(&app, &wanted);
        dist.replace(&files)?;
        self.tell(&files.iter().map(|file| (file.path.as_str(), file.bytes.len())).collect::<Vec<_>>(), shell);
        Ok(())
    }

    /// Builds, runs and asks the server; its program, if we built it, and the trace that its page replays.
    async fn asked(
        &self,
        public: Option<PublicUrl>,
        trace: Option<Trace>,
        shell: &Shell,
    ) -> Result<(App, Option<PathBuf>, Option<Trace>)> {
        let is_listed = public.is_some() || self.mcpb;
        let (mut server, words, program) = if let (Target::Package(package), _) = self.target.target()? {
            let package = PackageArgs { release: true, ..package };
            // Words are looked at before anything is built.
            let words = Words::of_package(&find(&package).await?, public.as_ref())?;
            if is_listed {
                words.need_registry()?;
            }
            let (_, path) = find_and_build(&package, shell).await?;
            let server = connect_to(&path, describing().revision(self.target.protocol.name())).await?;
            if self.mcpb && !answers_lines(&path, describing().revision(self.target.protocol.name())).await {
                shell.warn("hosts start a bundle without arguments, and the program does not answer on its standard streams then");
            }
            (server, Some(words), Some(path))
        } else {
            shell.warn(
                "`[package.metadata.pmcp]` is not read, which is for a build of the package here: the words are those that the server says of itself",
            );
            (self.target.connect(describing(), shell).await?, None, None)
        };
        let told = told(&mut server, words, public, trace, shell).await;
        server.close().await;
        let (app, trace) = told?;
        Ok((app, program, trace))
    }

    fn tell(&self, files: &[(&str, usize)], shell: &Shell) {
        let out = self.out.display();
        for (path, bytes) in files {
            if !path.contains('/') {
                shell.status("Wrote", &format!("{out}/{path} ({})", size(*bytes)));
            }
        }
        let inside = files.iter().filter(|(path, _)| path.contains('/')).count();
        shell.status("Wrote", &format!("{inside} files in folders of {out}"));
        shell.status("Next", &format!("{}", Path::new(&self.out).join("SUBMISSION.md").display()));
    }
}

/// Asks a server for what is published of it.
async fn told(
    connected: &mut Connected,
    words: Option<Words>,
    public: Option<PublicUrl>,
    trace: Option<Trace>,
    shell: &Shell,
) -> Result<(App, Option<Trace>)> {
    let served = ask(connected).await?;
    let words = match words {
        Some(words) => words,
        None => Words::of_server(&served, public.as_ref())?,
    };
    let trace = match trace {
        Some(trace) => {
            let (_, view) = trace.view(&served)?;
            if !trace.is_of(&view.html) {
                shell
                    .warn("the document is another one than that of the trace: look whether the page replays it still");
            }
            Some(trace)
        }
        None => opening(&served, connected).await?,
    };
    Ok((App::new(words, public, served), trace))
}

fn size(bytes: usize) -> String {
    if bytes < 10_000 { format!("{bytes} bytes") } else { format!("{} KiB", bytes.div_ceil(1024)) }
}
