package dev.ddpm.spark.ingest;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Counts files that are left out while a folder is looked through. */
final class LeftOutFiles {
  private final Map<String, Long> counts = new TreeMap<>();
  private final Map<String, List<String>> names = new TreeMap<>();

  /** Counts a file; the names of the first ones of each reason are kept. */
  void add(String reason, String name) {
    counts.merge(reason, 1L, Long::sum);
    List<String> first = names.computeIfAbsent(reason, unused -> new ArrayList<>());
    if (first.size() < LeftOut.NAMES) {
      first.add(name);
    }
  }

  /** What was counted, by reason. */
  List<LeftOut> byReason() {
    return counts.entrySet().stream()
        .map(entry -> new LeftOut(entry.getKey(), entry.getValue(), names.get(entry.getKey())))
        .toList();
  }
}
