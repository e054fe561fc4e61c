package dev.ddpm.spark.ingest;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Counts files that are left out while a folder or an archive is looked through. */
final class LeftOutFiles implements Serializable {
  private static final long serialVersionUID = 1L;

  private final TreeMap<String, Long> counts = new TreeMap<>();
  private final TreeMap<String, ArrayList<String>> names = new TreeMap<>();

  /** Counts a file; the names of the first ones of each reason are kept. */
  void add(String reason, String name) {
    counts.merge(reason, 1L, Long::sum);
    keep(reason, name);
  }

  /** Adds what was counted later. */
  void addAll(LeftOutFiles later) {
    later.counts.forEach((reason, count) -> counts.merge(reason, count, Long::sum));
    later.names.forEach((reason, all) -> all.forEach(name -> keep(reason, name)));
  }

  private void keep(String reason, String name) {
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
