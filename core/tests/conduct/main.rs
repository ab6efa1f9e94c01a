//! crier's conduct on the wire: a grid of real bytes handed to a speaker, each cell with the one answer that the RFCs
//! leave, and with what must stay in the tables afterwards. A row that fails names itself.

#[cfg(test)]
mod bytes;
#[cfg(test)]
mod lab;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod verdict;

#[cfg(test)]
mod structure;
#[cfg(test)]
mod unknown;
#[cfg(test)]
mod values;
