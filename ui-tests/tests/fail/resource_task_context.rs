use pmcp_tasks::prelude::*;

#[resource(uri = "note://today")]
async fn note(_task: TaskContext) -> String {
    String::new()
}

fn main() {}
