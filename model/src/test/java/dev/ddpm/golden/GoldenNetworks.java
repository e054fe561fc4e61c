package dev.ddpm.golden;

import dev.ddpm.diffusion.Batch;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.Unet2d;
import dev.ddpm.network.block.TimeEncoding;
import java.util.Arrays;
import java.util.List;

/** The networks that golden files are of, and what these were given. */
public final class GoldenNetworks {
  /** The layout of Ho's network: padding at the end, one head, sines first. */
  private static final Unet2d HO =
      new Unet2d(
          3,
          16,
          16,
          List.of(16, 32, 32),
          List.of(false, true, false),
          2,
          8,
          1e-6,
          0,
          Unet2d.Middle.PLAIN,
          TimeEncoding.SINES_FIRST,
          0,
          false,
          0,
          0,
          false);

  /** What diffusers' training script makes, with heads of 8 channels, which is one and several. */
  private static final Unet2d SCRIPT =
      new Unet2d(
          3,
          32,
          32,
          List.of(8, 8, 16, 16, 24, 24),
          List.of(false, false, false, false, true, false),
          2,
          8,
          1e-5,
          8,
          Unet2d.Middle.PLAIN,
          new TimeEncoding(0, true),
          1,
          false,
          0,
          0,
          false);

  private static final Unet2d CLASSES =
      new Unet2d(
          1,
          16,
          16,
          List.of(16, 32),
          List.of(false, true),
          1,
          8,
          1e-5,
          8,
          Unet2d.Middle.PLAIN,
          new TimeEncoding(0, true),
          1,
          false,
          0,
          10,
          false);

  private GoldenNetworks() {}

  /** The network of labml's that a file describes, without dropout. */
  public static LabmlUNet labml(GoldenFile golden) {
    return new LabmlUNet(
        golden.number("image_channels"),
        golden.number("image_height"),
        golden.number("image_width"),
        golden.number("n_channels"),
        Arrays.stream(golden.metadata("ch_mults").split(",")).map(Integer::valueOf).toList(),
        Arrays.stream(golden.metadata("is_attn").split(",")).map(Boolean::valueOf).toList(),
        golden.number("n_blocks"),
        golden.number("n_groups"),
        1,
        0);
  }

  /** The network of {@code golden/unet2d_NAME.safetensors}, which diffusers made. */
  public static Unet2d unet2d(String name) {
    return switch (name) {
      case "ho_small" -> HO;
      case "script_small" -> SCRIPT;
      case "classes_small" -> CLASSES;
      default -> throw new IllegalArgumentException(name);
    };
  }

  /** What the network of a file was given, with classes if it knows any. */
  public static Batch batch(GoldenFile golden) {
    float[] timesteps = golden.values("t");
    int[] classes = null;
    if (golden.has("class_labels")) {
      float[] labels = golden.values("class_labels");
      classes = new int[labels.length];
      for (int i = 0; i < labels.length; i++) {
        classes[i] = (int) labels[i];
      }
    }
    return new Batch(timesteps.length, golden.image("x_t"), timesteps, classes);
  }
}
