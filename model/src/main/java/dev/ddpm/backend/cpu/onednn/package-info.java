/**
 * oneDNN through its own Java binding, for what ND4J's operations cannot ask for: primitives and
 * scratch memory that are kept from call to call, batches of products, and factors in bfloat16.
 */
package dev.ddpm.backend.cpu.onednn;
