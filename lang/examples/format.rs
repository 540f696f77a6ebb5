//! Prints the file on standard input as it should be written.

use std::io::Read as _;

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    print!("{}", kiln_lang::format(&text).text);
    Ok(())
}
