//! The mio loop that drives `crier-core` over Linux sockets.
