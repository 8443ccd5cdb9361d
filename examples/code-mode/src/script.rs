//! Scripts: what they may do, and how far they may go. A script runs on a thread of its own and hands its calls over a channel.

use rhai::{Dynamic, Engine, EvalAltResult, Position};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

/// Bytes of a script.
pub(crate) const SIZE: usize = 16 << 10;

/// Calls that a script waits for, one at a time.
pub(crate) type Calls = mpsc::Receiver<Call>;

/// A call of a tool.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) tool: String,
    pub(crate) arguments: Value,
    /// Takes the result. Without one the script is over.
    pub(crate) reply: oneshot::Sender<Value>,
}

/// What a script gives in the end, or what is wrong with it, for whoever wrote it.
pub(crate) type Ran = Result<Value, String>;

/// Begins a script. It ends when the receiver of its calls is dropped.
pub(crate) fn begin(script: String) -> (Calls, tokio::task::JoinHandle<Ran>) {
    let (calls, taken) = mpsc::channel(1);
    (taken, tokio::task::spawn_blocking(move || run(&script, &calls)))
}

fn run(script: &str, calls: &mpsc::Sender<Call>) -> Ran {
    let value = engine(calls).eval::<Dynamic>(script).map_err(|error| error.to_string())?;
    rhai::serde::from_dynamic(&value).map_err(|_| "the result of the script has no form in JSON".to_owned())
}

/// No files, no clock, no chance: what a script does depends on its text and the results of its calls alone.
fn engine(calls: &mpsc::Sender<Call>) -> Engine {
    let mut engine = Engine::new();
    engine
        .disable_symbol("eval")
        .set_strict_variables(true)
        .set_max_operations(1_000_000)
        .set_max_call_levels(32)
        .set_max_expr_depths(64, 32)
        .set_max_variables(256)
        .set_max_functions(64)
        .set_max_string_size(64 << 10)
        .set_max_array_size(10_000)
        .set_max_map_size(1_000)
        // Standard output belongs to the protocol.
        .on_print(|_| {})
        .on_debug(|_, _, _| {});
    let closed = calls.clone();
    engine.on_progress(move |_| closed.is_closed().then_some(Dynamic::UNIT));
    let calls = calls.clone();
    engine.register_fn("query", move |tool: &str, arguments: rhai::Map| call(&calls, tool, arguments));
    engine
}

fn call(calls: &mpsc::Sender<Call>, tool: &str, arguments: rhai::Map) -> Result<Dynamic, Box<EvalAltResult>> {
    // A script cannot catch it: what failed here may succeed after a restart, and then it would go another way.
    let over = || Box::new(EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE));
    let arguments = rhai::serde::from_dynamic(&arguments.into())?;
    let (reply, result) = oneshot::channel();
    calls.blocking_send(Call { tool: tool.to_owned(), arguments, reply }).map_err(|_| over())?;
    rhai::serde::to_dynamic(result.blocking_recv().map_err(|_| over())?)
}
