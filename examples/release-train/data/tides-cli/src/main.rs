//! Prints today's tides.

fn main() {
    println!("{}", tides_format::line(tides::Height(412)));
}
