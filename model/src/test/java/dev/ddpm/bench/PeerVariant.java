package dev.ddpm.bench;

import java.util.Locale;
import java.util.Map;

/** Ways to run the peer; which is fastest depends on the network. */
enum PeerVariant {
  DEFAULT_CONTIGUOUS(false, "contiguous"),
  TUNED_CONTIGUOUS(true, "contiguous"),
  DEFAULT_CHANNELS_LAST(false, "channels_last"),
  TUNED_CHANNELS_LAST(true, "channels_last");

  private final boolean tunedAllocator;
  private final String format;

  PeerVariant(boolean tunedAllocator, String format) {
    this.tunedAllocator = tunedAllocator;
    this.format = format;
  }

  /** Memory format of images and weights. */
  String format() {
    return format;
  }

  /** Settings that make glibc keep freed memory. */
  Map<String, String> environment() {
    return tunedAllocator
        ? Map.of(
            "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1",
            "MALLOC_MMAP_MAX_", "0",
            "MALLOC_TRIM_THRESHOLD_", "17179869184",
            "MALLOC_TOP_PAD_", "268435456")
        : Map.of();
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
