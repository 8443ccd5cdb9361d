use pmcp_tasks::prelude::*;

#[derive(Form)]
enum Size {}

fn main() {}
