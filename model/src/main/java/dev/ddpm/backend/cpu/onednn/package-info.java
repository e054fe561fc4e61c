/**
 * oneDNN through its own Java binding, for what ND4J's operations cannot ask for: the algorithm
 * (Winograd), primitives and scratch memory that are kept from call to call, layouts that two
 * primitives share.
 */
package dev.ddpm.backend.cpu.onednn;
