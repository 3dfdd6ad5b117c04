import { crc32, deflateRawSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';

/** A file of a ZIP archive for a test, also one that no honest tool writes. */
export interface ZipMember {
  /** As text in UTF-8, or as bytes. */
  readonly name: string | Buffer;
  readonly content: string | Buffer;
  /** @default whether the name is a text */
  readonly isUtf8?: boolean;
  /** @default deflated */
  readonly stored?: boolean;
  /** Sizes and CRC-32 follow the bytes, as in archives of a streaming writer. */
  readonly descriptor?: boolean;
  /** Sizes and offset in the extra field of Zip64. */
  readonly zip64?: boolean;
  readonly encrypted?: boolean;
  readonly method?: number;
  /** Of Unix, such as 0o120777 for a symbolic link. */
  readonly mode?: number;
  /** The archive states these values instead of the right ones. */
  readonly crc?: number;
  readonly size?: number;
}

const UTF8_NAME = 0x800;
const DESCRIPTOR = 8;
const ENCRYPTED = 1;
const FROM_UNIX = 0x031e;
const FULL = 0xffffffff;

/** A ZIP archive, by APPNOTE.TXT. */
export function zip(...members: readonly ZipMember[]): Buffer {
  const pieces: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const [local, central] = zipMember(member, offset);
    pieces.push(local);
    directory.push(central);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...pieces, central, end]);
}

function zipMember(member: ZipMember, offset: number): [local: Buffer, central: Buffer] {
  const { stored = false, descriptor = false, zip64 = false, encrypted = false, mode = 0o100644 } = member;
  const name = Buffer.from(member.name);
  const content = Buffer.from(member.content);
  const packed = stored ? content : deflateRawSync(content);
  const method = member.method ?? (stored ? 0 : 8);
  const isUtf8 = member.isUtf8 ?? typeof member.name === 'string';
  const flags = (isUtf8 ? UTF8_NAME : 0) | (descriptor ? DESCRIPTOR : 0) | (encrypted ? ENCRYPTED : 0);
  const crc = member.crc ?? crc32(content);
  const size = member.size ?? content.length;
  const common = (extra: Buffer, isLocal: boolean): Buffer => {
    const late = isLocal && descriptor;
    const bytes = Buffer.alloc(26);
    bytes.writeUInt16LE(zip64 ? 45 : 20, 0);
    bytes.writeUInt16LE(flags, 2);
    bytes.writeUInt16LE(method, 4);
    bytes.writeUInt32LE(late ? 0 : crc, 10);
    bytes.writeUInt32LE(late ? 0 : zip64 ? FULL : packed.length, 14);
    bytes.writeUInt32LE(late ? 0 : zip64 ? FULL : size, 18);
    bytes.writeUInt16LE(name.length, 22);
    bytes.writeUInt16LE(extra.length, 24);
    return bytes;
  };
  const localExtra = zip64 ? zip64Extra(size, packed.length) : Buffer.alloc(0);
  const centralExtra = zip64 ? zip64Extra(size, packed.length, offset) : Buffer.alloc(0);
  const trailer = Buffer.alloc(descriptor ? 16 : 0);
  if (descriptor) {
    trailer.writeUInt32LE(0x08074b50, 0);
    trailer.writeUInt32LE(crc, 4);
    trailer.writeUInt32LE(packed.length, 8);
    trailer.writeUInt32LE(size, 12);
  }
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE((mode << 16) >>> 0, 6);
  rest.writeUInt32LE(zip64 ? FULL : offset, 10);
  const madeBy = Buffer.alloc(2);
  madeBy.writeUInt16LE(FROM_UNIX);
  return [
    Buffer.concat([Buffer.from('PK\x03\x04'), common(localExtra, true), name, localExtra, packed, trailer]),
    Buffer.concat([Buffer.from('PK\x01\x02'), madeBy, common(centralExtra, false), rest, name, centralExtra]),
  ];
}

function zip64Extra(...numbers: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + numbers.length * 8);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(numbers.length * 8, 2);
  for (const [index, one] of numbers.entries()) extra.writeBigUInt64LE(BigInt(one), 4 + index * 8);
  return extra;
}

/** A tar archive, by tar-stream's own writer. */
export async function tar(
  ...members: readonly (Partial<Header> & { readonly name: string; readonly content?: string | Buffer })[]
): Promise<Buffer> {
  const writer = pack();
  for (const { content = '', ...header } of members) writer.entry(header, content);
  writer.finalize();
  return Buffer.concat(await Array.fromAsync(writer as AsyncIterable<Buffer>));
}
