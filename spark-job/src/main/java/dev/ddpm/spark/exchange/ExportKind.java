package dev.ddpm.spark.exchange;

import dev.ddpm.exchange.DiffusersExport;
import dev.ddpm.exchange.ForeignForm;
import dev.ddpm.exchange.LabmlExport;
import dev.ddpm.exchange.SafetensorsExport;

/** The forms that models can be exported in. */
public enum ExportKind {
  /** The folder of a pipeline of the diffusers library. */
  DIFFUSERS {
    @Override
    ForeignForm form() {
      return new DiffusersExport();
    }
  },
  /** The state dict of any network as a safetensors file. */
  SAFETENSORS {
    @Override
    ForeignForm form() {
      return new SafetensorsExport();
    }
  },
  /** The folder of a checkpoint of the annotated implementation. */
  LABML {
    @Override
    ForeignForm form() {
      return new LabmlExport();
    }
  };

  /** How it is written. */
  abstract ForeignForm form();
}
