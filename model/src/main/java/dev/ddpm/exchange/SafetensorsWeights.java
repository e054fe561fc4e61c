package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.SafetensorsReader;
import dev.ddpm.checkpoint.TensorHeader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A safetensors file with elements of any type; it is read as a whole when the first is needed. */
final class SafetensorsWeights implements WeightsFile {
  private final Path file;
  private final List<TensorHeader> headers;
  private final Map<String, String> metadata;
  private final Map<String, float[]> read = new HashMap<>();

  SafetensorsWeights(Path file) throws IOException {
    this.file = file;
    try (SafetensorsReader reader = reader()) {
      headers = reader.tensors();
      metadata = reader.metadata();
      if (Files.size(file) != reader.length()) {
        throw DdpmException.data(
            "%s is damaged: it has %d bytes, but its header is that of a file of %d.",
            file, Files.size(file), reader.length());
      }
    }
  }

  @Override
  public NamedTensors tensors() {
    int wrapping = StateDicts.wrapping(headers.stream().map(TensorHeader::name).toList());
    NamedTensors tensors = new NamedTensors();
    for (TensorHeader header : headers) {
      tensors.add(
          new TensorHeader(header.name().substring(wrapping), header.shape()),
          () -> values(header.name()));
    }
    return tensors;
  }

  @Override
  public Map<String, String> metadata() {
    return metadata;
  }

  private float[] values(String name) {
    if (read.isEmpty()) {
      try (SafetensorsReader reader = reader()) {
        for (TensorHeader header : reader.tensors()) {
          read.put(header.name(), reader.readFloats());
        }
      } catch (IOException e) {
        throw WeightsFile.unreadable(e, file);
      }
    }
    return read.get(name);
  }

  private SafetensorsReader reader() throws IOException {
    return SafetensorsReader.widening(
        new BufferedInputStream(Files.newInputStream(file)), file.toString());
  }

  @Override
  public void close() {
    read.clear();
  }
}
