package dev.ddpm.onnx;

import java.io.Serializable;

/**
 * The output of a network that is taken.
 *
 * @param name its name
 * @param features how many numbers it has for an image
 */
record OnnxOutput(String name, int features) implements Serializable {}
