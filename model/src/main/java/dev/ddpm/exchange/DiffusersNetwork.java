package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.network.Unet2d;
import dev.ddpm.network.block.TimeEncoding;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The options of diffusers' {@code UNet2DModel} as an architecture, and back. */
final class DiffusersNetwork {
  /** The name of its class, by which a configuration says what it is of. */
  static final String CLASS = "UNet2DModel";

  private static final String PLAIN = "DownBlock2D";
  private static final String ATTENDING = "AttnDownBlock2D";
  private static final String PLAIN_UP = "UpBlock2D";
  private static final String ATTENDING_UP = "AttnUpBlock2D";

  /** The library's defaults. */
  private static final List<Integer> WIDTHS = List.of(224, 448, 672, 896);

  private static final List<String> DOWN = List.of(PLAIN, ATTENDING, ATTENDING, ATTENDING);
  private static final List<String> UP =
      List.of(ATTENDING_UP, ATTENDING_UP, ATTENDING_UP, PLAIN_UP);

  /** What the first versions put before the names of blocks. */
  private static final String FIRST_VERSIONS = "UNetRes";

  /** What normalises before the attention of the middle. */
  private static final String MIDDLE_NORM = "mid_block.attentions.0.group_norm.";

  /** What the moving average of the library's training script adds to the options. */
  private static final List<String> OF_THE_AVERAGE =
      List.of(
          "decay",
          "min_decay",
          "optimization_step",
          "update_after_step",
          "use_ema_warmup",
          "inv_gamma",
          "power");

  private static final int CHANNELS = 3;
  private static final int HEAD_CHANNELS = 8;
  private static final int NORM_GROUPS = 32;
  private static final double NORM_EPSILON = 1e-5;

  /** An image of so many halvings is not too large for attention. */
  private static final int SMALLEST_HALVINGS = 13;

  /** What the options are called where an architecture checks its values. */
  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("height", "sample_size"),
          Map.entry("width", "sample_size"),
          Map.entry("image-channels", "in_channels"),
          Map.entry("widths", "block_out_channels"),
          Map.entry("attention", "down_block_types"),
          Map.entry("blocks", "layers_per_block"),
          Map.entry("norm-groups", "norm_num_groups"),
          Map.entry("norm-epsilon", "norm_eps"),
          Map.entry("head-channels", "attention_head_dim"),
          Map.entry("downsample-padding", "downsample_padding"),
          Map.entry("time-frequency-shift", "freq_shift"),
          Map.entry("middle-scale-factor", "mid_block_scale_factor"),
          Map.entry("classes", "num_class_embeds"));

  private DiffusersNetwork() {}

  /**
   * The architecture that options describe.
   *
   * @param options of {@code config.json}
   * @param tensors of the weights
   * @param height of the images, if it is not to be the file's
   * @param width likewise
   * @throws DdpmException (data) naming an option that is not known here; (user) if the size of the
   *     images is not told
   */
  static Unet2d read(
      JsonOptions options,
      List<TensorHeader> tensors,
      Optional<Integer> height,
      Optional<Integer> width) {
    options.require("_class_name", CLASS);
    options.require("time_embedding_type", "positional");
    options.require("downsample_type", "conv");
    options.require("upsample_type", "conv");
    options.require("act_fn", "silu", "swish");
    options.require("mid_block_type", "UNetMidBlock2D");
    options.require("resnet_time_scale_shift", "default", "scale_shift");
    options.require("class_embed_type");
    OF_THE_AVERAGE.forEach(options::has);
    options.has("num_train_timesteps");
    List<Integer> widths =
        options.has("block_out_channels") ? options.integers("block_out_channels") : WIDTHS;
    if (options.has("attention_head_dim")
        && options.integer("attention_head_dim", HEAD_CHANNELS) < 1) {
      throw options.wrong("attention_head_dim", "null or at least 1");
    }
    if ((float) options.number("norm_eps", NORM_EPSILON) == 0) {
      throw options.wrong("norm_eps", "above 0 as a float of 32 bits");
    }
    int channels = options.integer("in_channels", CHANNELS);
    if (options.integer("out_channels", CHANNELS) != channels) {
      throw options.wrong("out_channels", "in_channels = " + channels);
    }
    if (options.has("time_embedding_dim")
        && !widths.isEmpty()
        && options.integer("time_embedding_dim", 0) != 4 * widths.get(0)) {
      throw options.wrong("time_embedding_dim", "four times the first of block_out_channels");
    }
    List<Integer> size = options.integers("sample_size");
    boolean sized = height.isPresent() || width.isPresent();
    if (size.isEmpty() && (height.isEmpty() || width.isEmpty())) {
      throw DdpmException.user(
          "%s does not tell the size of the images; set --height and --width.", options.file());
    }
    if (size.size() > 2) {
      throw options.wrong("sample_size", "a height and a width, or one number for both");
    }
    // What is wrong at every size is the file's fault, and not that of a user who sets one.
    int side = 1 << Math.min(Math.max(widths.size() - 1, 0), SMALLEST_HALVINGS);
    Unet2d smallest =
        options.made(NAMES, () -> network(options, tensors, sized ? List.of(side) : size, widths));
    options.requireRest(Map.of());
    return sized
        ? network(
            options,
            tensors,
            List.of(
                height.orElseGet(() -> size.get(0)),
                width.orElseGet(() -> size.get(size.size() - 1))),
            widths)
        : smallest;
  }

  private static Unet2d network(
      JsonOptions options, List<TensorHeader> tensors, List<Integer> size, List<Integer> widths) {
    return new Unet2d(
        options.integer("in_channels", CHANNELS),
        size.get(0),
        size.get(size.size() - 1),
        widths,
        attention(options),
        options.integer("layers_per_block", 2),
        options.integer("norm_num_groups", NORM_GROUPS),
        options.number("norm_eps", NORM_EPSILON),
        // Absent is not null: diffusers' default is another than one head.
        options.isNull("attention_head_dim")
            ? 0
            : options.integer("attention_head_dim", HEAD_CHANNELS),
        middle(options, tensors),
        new TimeEncoding(options.integer("freq_shift", 0), options.flag("flip_sin_to_cos", true)),
        options.integer("downsample_padding", 1),
        options.text("resnet_time_scale_shift", "default").equals("scale_shift"),
        options.number("dropout", 0),
        options.integer("num_class_embeds", 0),
        options.flag("center_input_sample", false));
  }

  /**
   * The attention of the middle normalises its input, unless time scales and shifts: there newer
   * versions leave it out where {@code attn_norm_num_groups} does not ask for it, and older ones do
   * not, which only the tensors tell.
   */
  private static Unet2d.Middle middle(JsonOptions options, List<TensorHeader> tensors) {
    int groups = options.integer("norm_num_groups", NORM_GROUPS);
    boolean asked = options.has("attn_norm_num_groups");
    if (asked && options.integer("attn_norm_num_groups", groups) != groups) {
      throw options.wrong("attn_norm_num_groups", "null or norm_num_groups = " + groups);
    }
    boolean attends = options.flag("add_attention", true);
    boolean tensorsTell =
        !asked && options.text("resnet_time_scale_shift", "default").equals("scale_shift");
    return new Unet2d.Middle(
        attends,
        attends
            && (!tensorsTell
                || tensors.stream().anyMatch(tensor -> tensor.name().startsWith(MIDDLE_NORM))),
        options.number("mid_block_scale_factor", 1));
  }

  /**
   * Whether the library's own options can say it: without scales and shifts, the attention of the
   * middle normalises its input there.
   */
  static boolean canBeSaid(Unet2d network) {
    return network.scaleShift() || !network.middle().attention() || network.middle().normalises();
  }

  private static List<Boolean> attention(JsonOptions options) {
    List<Boolean> down = attention(options, "down_block_types", DOWN, PLAIN, ATTENDING);
    List<Boolean> up = attention(options, "up_block_types", UP, PLAIN_UP, ATTENDING_UP);
    List<Boolean> mirrored = new ArrayList<>(up);
    Collections.reverse(mirrored);
    if (!down.equals(mirrored)) {
      throw DdpmException.data(
          "%s: up_block_types attend on other levels than down_block_types: only networks that are"
              + " alike on the way down and up are known here.",
          options.file());
    }
    return down;
  }

  private static List<Boolean> attention(
      JsonOptions options, String name, List<String> absent, String plain, String attending) {
    List<String> types = options.texts(name).orElse(absent);
    List<Boolean> attention = new ArrayList<>();
    for (String given : types) {
      String type =
          given.startsWith(FIRST_VERSIONS) ? given.substring(FIRST_VERSIONS.length()) : given;
      if (!type.equals(plain) && !type.equals(attending)) {
        throw DdpmException.data(
            "%s: %s has %s: only %s and %s are known here.",
            options.file(), name, StateDicts.shortened(given), plain, attending);
      }
      attention.add(type.equals(attending));
    }
    return attention;
  }

  /** The options of an architecture, as the library's own configuration has them. */
  static Map<String, Object> write(Unet2d network) {
    Map<String, Object> options = new LinkedHashMap<>();
    List<Boolean> up = new ArrayList<>(network.attention());
    Collections.reverse(up);
    options.put("_class_name", CLASS);
    options.put("_diffusers_version", DiffusersExport.VERSION);
    options.put("act_fn", "silu");
    options.put("add_attention", network.middle().attention());
    options.put("attention_head_dim", network.headChannels() == 0 ? null : network.headChannels());
    if (network.scaleShift() && network.middle().attention() && network.middle().normalises()) {
      options.put("attn_norm_num_groups", network.normGroups());
    }
    options.put("block_out_channels", network.widths());
    options.put("center_input_sample", network.centerInput());
    options.put("class_embed_type", null);
    options.put("down_block_types", types(network.attention(), PLAIN, ATTENDING));
    options.put("downsample_padding", network.downsamplePadding());
    options.put("downsample_type", "conv");
    options.put("dropout", network.dropout());
    options.put("flip_sin_to_cos", network.time().cosinesFirst());
    options.put("freq_shift", network.time().frequencyShift());
    options.put("in_channels", network.imageChannels());
    options.put("layers_per_block", network.blocks());
    options.put("mid_block_scale_factor", number(network.middle().scaleFactor()));
    options.put("norm_eps", network.normEpsilon());
    options.put("norm_num_groups", network.normGroups());
    options.put("num_class_embeds", network.classes() == 0 ? null : network.classes());
    options.put("out_channels", network.imageChannels());
    options.put("resnet_time_scale_shift", network.scaleShift() ? "scale_shift" : "default");
    options.put(
        "sample_size",
        network.height() == network.width()
            ? network.height()
            : List.of(network.height(), network.width()));
    options.put("time_embedding_type", "positional");
    options.put("up_block_types", types(up, PLAIN_UP, ATTENDING_UP));
    options.put("upsample_type", "conv");
    return options;
  }

  /** Whole where it is: the library's own files have it so. */
  private static Number number(double value) {
    return value == Math.rint(value) ? (Number) (int) value : value;
  }

  private static List<String> types(List<Boolean> attention, String plain, String attending) {
    return attention.stream().map(attends -> attends ? attending : plain).toList();
  }
}
