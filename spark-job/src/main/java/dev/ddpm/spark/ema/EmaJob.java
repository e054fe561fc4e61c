package dev.ddpm.spark.ema;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.spark.io.NamedFolder;
import dev.ddpm.spark.stored.ProfileSnapshots;
import dev.ddpm.training.KeptProfiles;
import dev.ddpm.training.PowerProfile;
import dev.ddpm.training.ProfileMix;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;

/**
 * Makes an average of a run's weights with another profile than those that it has kept: a model
 * folder with that average in the place of the moving one.
 */
public final class EmaJob {
  /** Beyond it the model would be another than the one that was asked for. */
  private static final double LARGEST_ERROR = 0.2;

  private final Configuration configuration;

  /** Touches nothing before {@link #run}. */
  public EmaJob(Configuration configuration) {
    this.configuration = configuration;
  }

  /**
   * What is to be made.
   *
   * @param run path of a run folder
   * @param profile the wanted average, up to the newest snapshot
   * @param output path of the model folder: new or empty
   */
  public record Request(String run, PowerProfile profile, String output) {}

  /**
   * What was made.
   *
   * @param round that the average ends at
   * @param snapshots it was made of
   * @param missing rounds whose snapshots were expected, and are not there
   * @param error see {@link ProfileMix#error}
   */
  public record Result(long round, int snapshots, List<Long> missing, double error) {

    /** Freezes the rounds. */
    public Result {
      missing = List.copyOf(missing);
    }
  }

  /**
   * Makes the average.
   *
   * @throws DdpmException (user) if the run has kept no averages, if what there is does not make
   *     the wanted one, or the output folder is in use; (data) if a snapshot is damaged
   */
  public Result run(Request request) {
    Snapshots snapshots = Snapshots.of(request.run(), configuration);
    NamedFolder output =
        NamedFolder.of("--output", request.output(), configuration)
            .requireEmpty()
            .requireWritable();
    List<Snapshot> all = snapshots.all();
    Snapshot newest = all.get(all.size() - 1);
    ProfileMix mix =
        ProfileMix.of(
            all.stream().flatMap(snapshot -> snapshot.moments().stream()).toList(),
            new ProfileMix.At(request.profile(), newest.images()));
    if (mix.error() > LARGEST_ERROR) {
      throw DdpmException.user(
          "--width = %s: the %d snapshots in %s make an average that is %.0f %% from the wanted"
              + " one; take a width that is nearer to those that were kept (%s and %s)%s.",
          request.profile().width(),
          all.size(),
          snapshots.folder(),
          100 * mix.error(),
          KeptProfiles.PROFILES.get(0).width(),
          KeptProfiles.PROFILES.get(1).width(),
          snapshots.missing().isEmpty()
              ? ""
              : ", or bring the missing snapshots back: " + snapshots.missing());
    }
    write(request, output, all, mix);
    return new Result(newest.round(), all.size(), snapshots.missing(), mix.error());
  }

  private static void write(
      Request request, NamedFolder output, List<Snapshot> all, ProfileMix mix) {
    Snapshot newest = all.get(all.size() - 1);
    ModelFolder last = newest.folder();
    List<TensorHeader> headers =
        ParameterLayout.of(last.description().architecture()).tensors().stream()
            .map(tensor -> new TensorHeader(tensor.name(), tensor.shape()))
            .toList();
    Map<String, double[]> sums = sums(all, mix, headers);
    NamedTensors average = new NamedTensors();
    for (TensorHeader header : headers) {
      average.add(header, () -> rounded(sums.get(header.name())));
    }
    Map<String, String> provenance = new TreeMap<>(last.description().provenance());
    provenance.remove(ProfileSnapshots.IMAGES);
    provenance.put("ema.run", request.run());
    provenance.put("ema.round", Long.toString(newest.round()));
    provenance.put("ema.width", Double.toString(request.profile().width()));
    Map<TensorFile, NamedTensors> tensors = new EnumMap<>(TensorFile.class);
    tensors.put(TensorFile.WEIGHTS, last.read(TensorFile.WEIGHTS, headers));
    tensors.put(TensorFile.EMA, average);
    ModelFolder.write(
        output.store(), last.description().withProvenance(provenance), tensors, Optional.empty());
  }

  /** The shares of all averages added up, in float64, tensor by tensor. */
  private static Map<String, double[]> sums(
      List<Snapshot> all, ProfileMix mix, List<TensorHeader> headers) {
    Map<String, double[]> sums = new HashMap<>();
    List<TensorHeader> stored = new ArrayList<>();
    for (TensorHeader header : headers) {
      sums.put(header.name(), new double[Math.toIntExact(header.size())]);
      for (String prefix : ModelFolder.PROFILES) {
        stored.add(new TensorHeader(prefix + header.name(), header.shape()));
      }
    }
    int profiles = ModelFolder.PROFILES.size();
    for (int i = 0; i < all.size(); i++) {
      List<Double> shares = mix.shares().subList(profiles * i, profiles * (i + 1));
      all.get(i)
          .folder()
          .read(
              TensorFile.PROFILES,
              stored,
              (header, elements) -> add(header.name(), elements, shares, sums));
    }
    return sums;
  }

  private static void add(
      String name, float[] elements, List<Double> shares, Map<String, double[]> sums) {
    int profile = name.startsWith(ModelFolder.PROFILES.get(0)) ? 0 : 1;
    double share = shares.get(profile);
    double[] sum = sums.get(name.substring(ModelFolder.PROFILES.get(profile).length()));
    for (int i = 0; i < sum.length; i++) {
      sum[i] += share * elements[i];
    }
  }

  private static float[] rounded(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }
}
