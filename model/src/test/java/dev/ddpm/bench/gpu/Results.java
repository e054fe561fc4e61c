package dev.ddpm.bench.gpu;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What a step found, or the whole run.
 *
 * @param machine lines about the card
 * @param checks what was asked for
 * @param speeds what was timed
 * @param leftOut what was not asked for, with the reason
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Results(
    List<String> machine, List<Check> checks, List<Speed> speeds, List<String> leftOut) {

  /** What is missing in JSON is empty. */
  public Results {
    machine = orEmpty(machine);
    checks = orEmpty(checks);
    speeds = orEmpty(speeds);
    leftOut = orEmpty(leftOut);
  }

  /** Nothing yet. */
  public Results() {
    this(null, null, null, null);
  }

  private static <T> List<T> orEmpty(List<T> list) {
    return Collections.synchronizedList(list == null ? new ArrayList<>() : new ArrayList<>(list));
  }

  /** Takes over what another has found. */
  void add(Results other) {
    machine.addAll(other.machine);
    checks.addAll(other.checks);
    speeds.addAll(other.speeds);
    leftOut.addAll(other.leftOut);
  }

  /** Whether something was checked, and all of it is as it should be. */
  public boolean passed() {
    return !checks.isEmpty() && checks.stream().allMatch(Check::passed);
  }
}
