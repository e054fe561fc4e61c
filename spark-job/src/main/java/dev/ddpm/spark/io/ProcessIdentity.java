package dev.ddpm.spark.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A process of Linux, told apart from every other one that there has been on any machine.
 *
 * @param place where a process number means this process: the boot of the machine, the namespaces
 *     of process numbers, clocks and users, and the user. Two containers of one machine differ
 * @param pid the process number there
 * @param startTicks when the process started, in clock ticks since the machine did: no clock that
 *     can be set has a part in it
 */
record ProcessIdentity(String place, long pid, long startTicks) {
  private static final Path PROC = Path.of("/proc");
  private static final Path SELF = PROC.resolve("self");

  /** Field 22 of {@code /proc/PID/stat}, of which the first two are cut off. */
  private static final int START_TICKS = 22 - 3;

  /** This process; empty on a system that does not tell. */
  static Optional<ProcessIdentity> current() {
    long pid = ProcessHandle.current().pid();
    try {
      if (!seesItself(pid)) {
        return Optional.empty();
      }
      String boot = Files.readString(PROC.resolve("sys/kernel/random/boot_id")).strip();
      // Where users are hidden from each other, only the own processes are seen.
      String place =
          String.join(
              " ",
              boot,
              namespace("pid"),
              namespace("time"),
              namespace("user"),
              "uid:" + Files.getAttribute(SELF, "unix:uid"));
      return Optional.of(new ProcessIdentity(place, pid, startTicks(pid)));
    } catch (IOException | RuntimeException untold) {
      return Optional.empty();
    }
  }

  /**
   * Whether it is certain that this process has ended: false where another place cannot be looked
   * into, and wherever there is doubt.
   */
  boolean hasEnded() {
    if (current().filter(here -> here.place.equals(place)).isEmpty()) {
      return false;
    }
    try {
      // The number may have been given to another process since, which started later.
      return startTicks(pid) != startTicks;
    } catch (NoSuchFileException noProcess) {
      return true;
    } catch (IOException | RuntimeException untold) {
      return false;
    }
  }

  /** A {@code /proc} that was mounted for another namespace has other numbers than this one. */
  private static boolean seesItself(long pid) throws IOException {
    return Files.readAllLines(PROC.resolve("self/status")).stream()
        .filter(line -> line.startsWith("NSpid:"))
        .anyMatch(line -> line.substring("NSpid:".length()).strip().equals(Long.toString(pid)));
  }

  private static String namespace(String kind) throws IOException {
    Path link = SELF.resolve("ns").resolve(kind);
    // Older kernels have one clock for all.
    return Files.exists(link) ? Files.readSymbolicLink(link).toString() : kind + ":none";
  }

  private static long startTicks(long pid) throws IOException {
    String stat = Files.readString(PROC.resolve(Long.toString(pid)).resolve("stat"));
    // The second field, the name in parentheses, may itself have spaces and parentheses.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return Long.parseLong(fields[START_TICKS]);
  }
}
