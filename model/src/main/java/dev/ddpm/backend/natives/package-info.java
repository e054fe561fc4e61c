/** What all back ends that reach native code through JavaCPP have in common. */
package dev.ddpm.backend.natives;
