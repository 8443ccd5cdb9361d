use pmcp_tasks::prelude::*;

#[derive(Form)]
union Size {
    _small: u8,
    _large: u32,
}

fn main() {}
