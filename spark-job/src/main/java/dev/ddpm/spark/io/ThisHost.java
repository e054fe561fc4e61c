package dev.ddpm.spark.io;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** The machine that this JVM runs on. */
public final class ThisHost {
  private ThisHost() {}

  /** Its host name; "unknown" where it has none that resolves. */
  public static String name() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException unnamed) {
      return "unknown";
    }
  }
}
