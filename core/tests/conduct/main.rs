//! crier's conduct on the wire: a grid of real bytes handed to a speaker, each cell with the one answer that the RFCs
//! leave, and with what must stay in the tables afterwards. A row that fails names itself.

#[cfg(test)]
mod bytes;
#[cfg(test)]
mod lab;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod verdict;

#[cfg(test)]
mod capabilities;
#[cfg(test)]
mod extended_next_hops;
#[cfg(test)]
mod four_octet;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod multiprotocol;
#[cfg(test)]
mod nlri;
#[cfg(test)]
mod notifications;
#[cfg(test)]
mod opens;
#[cfg(test)]
mod refreshes;
#[cfg(test)]
mod spread;
#[cfg(test)]
mod standards;
#[cfg(test)]
mod states;
#[cfg(test)]
mod structure;
#[cfg(test)]
mod unknown;
#[cfg(test)]
mod values;
