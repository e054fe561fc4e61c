package dev.ddpm.spark.deploy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Java processes that this JVM has started, directly or through others, by their command lines. */
final class JavaProcesses {
  private JavaProcesses() {}

  /**
   * Those that run with all of the words among their arguments. A child that a process has forked
   * has its parent's arguments until it begins its own program: it does not count.
   */
  static List<ProcessHandle> running(String... arguments) {
    return ProcessHandle.current()
        .descendants()
        .filter(process -> runs(process, arguments))
        .filter(process -> process.parent().filter(parent -> runs(parent, arguments)).isEmpty())
        .toList();
  }

  private static boolean runs(ProcessHandle process, String... arguments) {
    List<String> line = commandLine(process);
    return !line.isEmpty() && line.get(0).endsWith("java") && line.containsAll(List.of(arguments));
  }

  private static List<String> commandLine(ProcessHandle process) {
    try {
      byte[] line = Files.readAllBytes(Path.of("/proc", Long.toString(process.pid()), "cmdline"));
      return Stream.of(new String(line, StandardCharsets.UTF_8).split("\0")).toList();
    } catch (IOException ended) {
      return List.of("");
    }
  }
}
