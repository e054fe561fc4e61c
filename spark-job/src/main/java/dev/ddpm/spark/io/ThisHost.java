package dev.ddpm.spark.io;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The machine that this JVM runs on. */
public final class ThisHost {
  private ThisHost() {}

  /**
   * Its host name, also one that does not resolve; "unknown" where the system does not tell. Names
   * are for people: two machines may have the same.
   */
  public static String name() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException unresolved) {
      return kernelName();
    }
  }

  private static String kernelName() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    } catch (IOException unnamed) {
      return "unknown";
    }
  }
}
