package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.network.LabmlUNet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds the architecture of a labml U-Net from the names and shapes of its tensors: channels,
 * widths, levels, blocks and which levels attend.
 */
public final class LabmlShapes {
  private final String file;
  private final Map<String, List<Integer>> shapes = new HashMap<>();

  /**
   * What shapes do not tell.
   *
   * @param height of the images in pixels
   * @param width of the images in pixels
   * @param normGroups groups of the norms
   * @param attentionHeads heads of attention
   * @param dropout for those who train the network
   */
  public record Unseen(int height, int width, int normGroups, int attentionHeads, double dropout) {}

  /** A level on the way down, as far as it is read. */
  private static final class Level {
    private final int width;
    private final boolean attends;
    private int blocks;

    Level(int width, boolean attends) {
      this.width = width;
      this.attends = attends;
    }
  }

  /**
   * Looks at shapes.
   *
   * @param file for messages
   * @param tensors of a state dict
   */
  public LabmlShapes(String file, List<TensorHeader> tensors) {
    this.file = file;
    tensors.forEach(tensor -> shapes.put(tensor.name(), tensor.shape()));
  }

  /**
   * The architecture.
   *
   * @throws DdpmException (data) if these are not the tensors of such a network; (user) if what
   *     shapes do not tell does not fit them
   */
  public LabmlUNet architecture(Unseen unseen) {
    List<Integer> first = convolution("image_proj.weight");
    List<Level> levels = levels();
    List<Integer> multipliers = new ArrayList<>();
    List<Boolean> attention = new ArrayList<>();
    int width = first.get(0);
    for (Level level : levels) {
      if (width == 0 || level.width % width != 0 || level.blocks != levels.get(0).blocks) {
        throw unlike(
            "level %d has %d blocks of %d channels"
                .formatted(multipliers.size(), level.blocks, level.width));
      }
      multipliers.add(level.width / width);
      attention.add(level.attends);
      width = level.width;
    }
    return new LabmlUNet(
        first.get(1),
        unseen.height(),
        unseen.width(),
        first.get(0),
        multipliers,
        attention,
        levels.get(0).blocks,
        unseen.normGroups(),
        unseen.attentionHeads(),
        unseen.dropout());
  }

  private List<Level> levels() {
    List<Level> levels = new ArrayList<>();
    Level level = null;
    for (int module = 0; ; module++) {
      String name = "down." + module;
      if (shapes.containsKey(name + ".res.conv1.weight")) {
        int width = convolution(name + ".res.conv1.weight").get(0);
        boolean attends = shapes.containsKey(name + ".attn.projection.weight");
        if (level == null) {
          level = new Level(width, attends);
          levels.add(level);
        } else if (level.width != width || level.attends != attends) {
          throw unlike("the blocks before " + name + " are of another width or kind");
        }
        level.blocks++;
      } else if (level != null && shapes.containsKey(name + ".conv.weight")) {
        level = null;
      } else if (level == null) {
        throw unlike("there is no " + name);
      } else {
        return levels;
      }
    }
  }

  private List<Integer> convolution(String name) {
    List<Integer> shape = shapes.get(name);
    if (shape == null || shape.size() != 4) {
      throw unlike(shape == null ? "there is no " + name : name + " is of shape " + shape);
    }
    return shape;
  }

  private DdpmException unlike(String difference) {
    return DdpmException.data(
        "%s has not the tensors of the annotated implementation's U-Net: %s.", file, difference);
  }
}
