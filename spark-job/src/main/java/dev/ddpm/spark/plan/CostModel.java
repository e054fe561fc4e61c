package dev.ddpm.spark.plan;

/**
 * The cost of a round of parameter averaging, as {@code spark-job/DISTRIBUTED.md} derives it.
 *
 * <p>With S bytes of state (those of a state that returns may be fewer: {@link Workload}), W
 * workers on E machines of T tasks, R reducers, bandwidth B and c bytes per second and core: the
 * state is broadcast by torrent (S/B + S/c), every worker sends it back in blocks (T·S/B + S/c),
 * reducers receive and add W blocks each (W·S/(min(R, E)·B) + W·S/(R·c)), and the driver collects
 * one state (S/B + S/c).
 */
public final class CostModel {
  /** Values of the blocks that reducers add: no more reducers than blocks. */
  private static final double BLOCK = 1 << 18;

  private final MeasuredCosts costs;

  /** A model on measured figures. */
  public CostModel(MeasuredCosts costs) {
    this.costs = costs;
  }

  /** The cost of a round with one worker per slot of a cluster. */
  public RoundCost round(Workload work, ClusterShape cluster) {
    return round(work, cluster, cluster.slots());
  }

  /**
   * The cost of a round.
   *
   * @param workers more than slots take turns
   */
  public RoundCost round(Workload work, ClusterShape cluster, int workers) {
    double network = work.returnedBytes() / cluster.networkBytes();
    double core = work.returnedBytes() / costs.bytesPerCore();
    double reducers = Math.min(workers, Math.ceil(work.values() / BLOCK));
    double broadcast =
        work.broadcastBytes() / cluster.networkBytes()
            + work.broadcastBytes() / costs.bytesPerCore();
    double turns = Math.ceil((double) workers / cluster.slots());
    double send = turns * (cluster.tasks() * network + core);
    double receive = workers * network / Math.min(reducers, cluster.executors());
    double add = workers * core / reducers;
    double collect = network + core;
    return new RoundCost(
        turns * work.steps() * stepSeconds(work, cluster.taskCores()),
        broadcast,
        send + receive + add + collect + costs.roundSeconds(),
        work.parameters() * costs.driverSecondsPerParameter());
  }

  /**
   * Seconds of one optimiser step: arithmetic and memory traffic of its images, and what it costs
   * per parameter. A task with n cores is taken to be n times as fast.
   */
  public double stepSeconds(Workload work, int taskCores) {
    double imageSeconds =
        work.imageFlops() / costs.flopsPerCore() + work.imageBytes() / costs.activationsPerCore();
    double updateSeconds = work.parameters() * costs.updateSecondsPerParameter();
    return (work.batchSize() * imageSeconds + updateSeconds) / taskCores;
  }

  /** Images per second of all workers together. */
  public double imagesPerSecond(Workload work, ClusterShape cluster) {
    return (double) cluster.slots()
        * work.steps()
        * work.batchSize()
        / round(work, cluster).total();
  }

  /** The share of the cluster's arithmetic that is put to use: 1 if a round were compute alone. */
  public double efficiency(Workload work, ClusterShape cluster) {
    RoundCost cost = round(work, cluster);
    return cost.compute() / cost.total();
  }
}
