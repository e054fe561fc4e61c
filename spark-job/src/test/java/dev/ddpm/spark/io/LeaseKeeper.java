package dev.ddpm.spark.io;

import dev.ddpm.DdpmException;
import java.time.Duration;
import org.apache.hadoop.conf.Configuration;

/**
 * A process that takes the lease of a folder and keeps it until its standard input ends: folder,
 * expiry in milliseconds. Prints {@code held}, or why it could not.
 */
final class LeaseKeeper {
  private LeaseKeeper() {}

  public static void main(String[] arguments) throws Exception {
    Duration expiry = Duration.ofMillis(Long.parseLong(arguments[1]));
    try (Lease lease = Lease.acquire(arguments[0], new Configuration(), expiry)) {
      lease.ensureHeld();
      System.out.println("held");
      System.in.transferTo(System.out);
    } catch (DdpmException refused) {
      System.out.println(refused.getMessage());
    }
  }
}
