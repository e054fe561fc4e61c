package dev.ddpm.backend.cuda.driver;

import org.bytedeco.javacpp.Pointer;

/** An address on the card, as JavaCPP's calls take it; moved from call to call. */
final class DeviceMemory extends Pointer {

  DeviceMemory() {
    super((Pointer) null);
  }

  /** Makes this the memory that begins at an address. */
  DeviceMemory at(long newAddress) {
    this.address = newAddress;
    return this;
  }
}
