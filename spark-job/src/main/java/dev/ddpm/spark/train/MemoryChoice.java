package dev.ddpm.spark.train;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.cluster.MemoryNeeds;
import dev.ddpm.spark.config.TrainingConfig;
import dev.ddpm.training.RoundPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * How a run saves memory: as configured, or else no more than the memory of its workers demands.
 * The driver chooses for all of them.
 *
 * @param machines that it has to fit
 * @param architecture of the network
 * @param orderBytes heap that the order of an epoch takes
 */
record MemoryChoice(
    Machines machines,
    TrainingConfig training,
    RoundPlan plan,
    Architecture architecture,
    long orderBytes) {

  /** What has some memory: see {@link ClusterJob#firstFitting}. */
  @FunctionalInterface
  interface Machines {
    /** The first whose needs are met; throws if there is none. */
    MemorySaving firstFitting(
        List<MemorySaving> savings, Function<MemorySaving, MemoryNeeds> needs);
  }

  /**
   * The choice of a run that begins.
   *
   * @throws DdpmException (environment) if it cannot be trained in the memory that there is
   */
  MemorySaving toBegin() {
    return firstFitting(training.memorySavings());
  }

  /**
   * The choice of a run that goes on: the parts that it was computed in so far, so that it comes to
   * the same bits, or smaller ones if they do not fit any more.
   *
   * @throws DdpmException (environment) if it cannot be trained in the memory that there is
   */
  MemorySaving toGoOn(ModelDescription stored) {
    List<MemorySaving> savings = training.memorySavings();
    if (training.accumulate() > 0) {
      return firstFitting(savings);
    }
    int before = imagesAtOnce(stored);
    return firstFitting(
        savings.stream().filter(saving -> saving.imagesAtOnce() <= before).toList());
  }

  private int imagesAtOnce(ModelDescription stored) {
    String parts = stored.provenance().getOrDefault(RunSettings.ACCUMULATE, "1");
    if (!parts.matches("[1-9]\\d{0,6}")) {
      throw DdpmException.data(
          "The run is damaged: %s = %s: must be a whole number, at least 1.",
          RunSettings.ACCUMULATE, parts);
    }
    return MemorySaving.inParts(training.batchSize(), Integer.parseInt(parts), false)
        .imagesAtOnce();
  }

  private MemorySaving firstFitting(List<MemorySaving> savings) {
    return machines.firstFitting(
        savings,
        saving ->
            TrainingMemory.of(
                architecture,
                plan,
                training.optimiser(),
                training.outerOptimiser(),
                training.averages(),
                orderBytes,
                saving));
  }

  /** A model with the choice in its provenance, as it has come out. */
  ModelDescription describe(ModelDescription model, MemorySaving chosen) {
    Map<String, String> provenance = new TreeMap<>(model.provenance());
    provenance.put(RunSettings.ACCUMULATE, Integer.toString(chosen.partsOf(training.batchSize())));
    provenance.put(RunSettings.RECOMPUTE, Boolean.toString(chosen.recomputes()));
    return model.withProvenance(provenance);
  }

  /**
   * What people are told of a choice; empty if nothing is saved.
   *
   * @param begun the run that goes on, if it does
   */
  Optional<String> told(MemorySaving chosen, Optional<ModelDescription> begun) {
    Optional<String> otherParts =
        begun
            .map(this::imagesAtOnce)
            .filter(before -> before != chosen.imagesAtOnce())
            .map(
                before ->
                    ("Until now a gradient was that of %d image(s) at a time, and from now on of"
                            + " %d: the run differs in rounding from one that was left alone.")
                        .formatted(before, chosen.imagesAtOnce()));
    List<String> lines = new ArrayList<>();
    means(chosen).ifPresent(lines::add);
    otherParts.ifPresent(lines::add);
    return lines.isEmpty() ? Optional.empty() : Optional.of(String.join("\n", lines));
  }

  private Optional<String> means(MemorySaving chosen) {
    List<String> means = new ArrayList<>();
    if (chosen.partsOf(training.batchSize()) > 1) {
      means.add(
          "gradients are added up from %d parts of up to %d image(s)"
              .formatted(chosen.partsOf(training.batchSize()), chosen.imagesAtOnce()));
    }
    if (chosen.recomputes()) {
      means.add("blocks of the network compute activations once more in the backward pass");
    }
    if (means.isEmpty()) {
      return Optional.empty();
    }
    boolean configured = chosen.equals(training.memorySavings().get(0));
    String reason = configured ? "To save memory, " : "To fit into memory, ";
    return Optional.of(reason + String.join(", and ", means) + ".");
  }
}
