//! Reads the command line and does what it says.

fn main() -> std::process::ExitCode {
    spanscope::cli::main()
}
