//! Programs in front of the compiler: a cache that hits in a second mirror, another machine that
//! compiles.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use klp_tests::kernel::{Kernel, example_patch};
use klp_tests::klp::{plain, run};
use klp_tests::report::{Report, expected};
use klp_tests::tools::{finish, have};

const PATCH: &str = "change-inline";

#[test]
fn ccache_hits_in_a_second_mirror() -> Result<()> {
    if !have("a second mirror", &["ccache"]) {
        return Ok(());
    }
    let (first, second) = (Kernel::with_output()?, Kernel::in_tree()?);
    let cache = first.directory.join("cache");
    let statistics = || -> Result<(u64, u64)> {
        let mut command = plain("ccache");
        let text = finish(command.arg("--print-stats").env("CCACHE_DIR", &cache))?;
        let number = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('\t'));
            line.and_then(|number| number.parse::<u64>().ok()).context("no such statistic")
        };
        let hits = number("direct_cache_hit")? + number("preprocessed_cache_hit")?;
        Ok((hits, number("cache_miss")?))
    };
    let build = |kernel: &Kernel| -> Result<String> {
        let mut command = kernel.build(["--launcher", "ccache"])?;
        let outcome =
            run(command.arg(example_patch(PATCH)).env("CCACHE_DIR", &cache))?.expect(0)?;
        let names = Report::lines(&outcome.stdout)?.names();
        assert_eq!(names, expected(&example_patch(PATCH))?);
        Ok(outcome.stdout)
    };
    let cold = build(&first)?;
    let (_, compiled) = statistics()?;
    ensure!(compiled > 20, "{compiled} compilations");
    let warm = build(&second)?;
    let (hits, misses) = statistics()?;
    assert_eq!(warm, cold);
    ensure!(misses == compiled, "{} objects were compiled again", misses - compiled);
    ensure!(hits >= compiled, "{hits} hits of {compiled}");

    // The cache changes nothing: the records are those of the compiler alone.
    let alone = Kernel::with_output()?;
    let outcome =
        run(alone.build([example_patch(PATCH)])?.env("CCACHE_DISABLE", "1"))?.expect(0)?;
    assert_eq!(outcome.stdout, cold);
    Ok(())
}

/// A distcc server on this machine, ended when this goes.
struct Server {
    child: Child,
    port: u16,
    log: camino::Utf8PathBuf,
}

impl Server {
    fn start(directory: &camino::Utf8Path) -> Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = directory.join("distccd.log");
        let mut server = plain("distccd");
        server.args(["--no-detach", "--daemon", "--allow", "127.0.0.1", "--listen", "127.0.0.1"]);
        server.args(["--enable-tcp-insecure", "--verbose", "--jobs", "2", "--log-stderr"]);
        server.args(["--port", &port.to_string()]);
        let child = server
            .stdout(Stdio::null())
            .stderr(fs_err::File::create(&log)?.into_parts().0)
            .spawn()?;
        let this = Self { child, port, log };
        let begin = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(begin.elapsed() < Duration::from_secs(20), "distccd does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(this)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(number) = i32::try_from(self.child.id())
            && let Some(pid) = rustix::process::Pid::from_raw(number)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

#[test]
fn distcc_compiles_elsewhere() -> Result<()> {
    if !have("another machine that compiles", &["distcc"]) {
        return Ok(());
    }
    let kernel = Kernel::with_output()?;
    let server = Server::start(&kernel.directory)?;
    let state = kernel.directory.join("distcc");
    fs_err::create_dir(&state)?;
    let mut command = kernel.build(["--launcher", "distcc"])?;
    command.arg(example_patch(PATCH));
    command.env("DISTCC_HOSTS", format!("127.0.0.1:{}", server.port));
    command.env("DISTCC_DIR", state).env("DISTCC_FALLBACK", "0");
    let outcome = run(&mut command)?.expect(0)?;
    assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&example_patch(PATCH))?);
    let log = fs_err::read_to_string(&server.log)?;
    ensure!(log.contains("COMPILE_OK"), "nothing was compiled there: {log}");
    Ok(())
}
