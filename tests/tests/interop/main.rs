//! crier and other speakers in network namespaces, each test asserting what both sides hold, through their own command
//! lines. One program, so that the labs of all files share the threads; all under one module, so that `tests/run` can
//! tell them from the other tests.

mod lab {
    mod as_numbers;
    mod bad_peers;
    mod collision;
    mod dynamic;
    mod example;
    mod exchange;
    mod explain;
    mod harness;
    mod hostile;
    mod kernel;
    mod multipath;
    mod netlink;
    mod operation;
    mod pairs;
    mod password;
    mod peers;
    mod policy;
    mod recording;
    mod refresh;
    mod reload;
    mod transport;
}
