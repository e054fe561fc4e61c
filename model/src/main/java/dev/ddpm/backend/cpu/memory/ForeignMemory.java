package dev.ddpm.backend.cpu.memory;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/** An address that JavaCPP neither owns nor frees: who made it must outlive its use. */
public final class ForeignMemory extends BytePointer {

  /** Memory that begins at an address. */
  public ForeignMemory(long address) {
    super((Pointer) null);
    this.address = address;
  }

  /** Makes this the memory that begins at another address. */
  public ForeignMemory moveTo(long address) {
    this.address = address;
    return this;
  }
}
