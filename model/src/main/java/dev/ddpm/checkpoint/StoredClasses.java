package dev.ddpm.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.LabmlUNet;

/**
 * The classes of a model in {@code model.json}, which says of them what the architecture does not
 * imply. Up to the fourth version only networks of the kind {@code unet2d} had classes, and their
 * names were numbers. A model that this is true of is still written so: without {@code classes} of
 * the model, and without a number of them in an architecture of the kind {@code labml}.
 */
final class StoredClasses {
  /** The first version of {@code model.json} that can say what classes there are. */
  static final int SINCE = 5;

  private static final String KEY = "classes";

  private StoredClasses() {}

  /** Adds what a document of the fourth version implies. */
  static void add(ObjectNode document) {
    if (document.path("model") instanceof ObjectNode model
        && model.path("architecture") instanceof ObjectNode architecture) {
      if (architecture.path(ModelJson.KIND).asText().equals("labml") && !architecture.has(KEY)) {
        architecture.put(KEY, 0);
      }
      int rows = Math.max(0, Math.min(architecture.path(KEY).asInt(), Architecture.MOST_CLASSES));
      model.set(KEY, ModelJson.tree(ClassLabels.numbered(rows)));
    }
  }

  /**
   * Removes from a document what the fourth version implies.
   *
   * @param model that the document is of
   * @return false if that version cannot say it, and everything was left in place
   */
  static boolean removeIfImplied(ObjectNode document, ModelDescription model) {
    boolean labml = model.architecture() instanceof LabmlUNet;
    int rows = model.architecture().classes();
    if ((labml && rows > 0) || !model.classes().equals(ClassLabels.numbered(rows))) {
      return false;
    }
    ObjectNode told = (ObjectNode) document.path("model");
    told.remove(KEY);
    if (labml) {
      ((ObjectNode) told.path("architecture")).remove(KEY);
    }
    return true;
  }
}
